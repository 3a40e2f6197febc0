/** What is swept: every operation, each with the least that has to be there for it to mean something. */
import {
  hasDiskFiles,
  sharesImages,
  type OperationKind,
  type OperationSpec,
  type Scenario,
  type SimBackend,
} from '../scenarios/scenario.ts';
import { ofSharedStorage } from '../scenarios/image-service.ts';
import { MiB, plainScenario, settings, templateBytes, type Setting } from './settings.ts';

export interface SweepCase {
  /** Unique among those of a backend. */
  readonly id: string;
  readonly kind: OperationKind;
  /** Whose first client does first what is swept. */
  readonly scenario: Scenario;
}

/** An operation and what has to be there before. */
export interface Subject {
  readonly name: string;
  readonly setUp: readonly OperationSpec[];
  readonly operation: OperationSpec;
  /** Also with a template that is no raw image. */
  readonly isOfTemplate?: boolean;
  /** What somebody on another host does at the same image or template: default is the very same. */
  readonly rival?: OperationSpec;
}

export const subject = 'vm1/disk';
const other = 't1';
export const add: OperationSpec = { kind: 'add template', subject: other };
export const put: OperationSpec = { kind: 'put template', subject: other };
export const cache: OperationSpec = { kind: 'cache', subject, other };
const write: OperationSpec = { kind: 'guest write', subject, pattern: 600 };
const importFile: OperationSpec = { kind: 'import file', subject, pattern: 202 };
export const snapshot: OperationSpec = { kind: 'create snapshot', subject, other: 's1' };
export const grow: OperationSpec = { kind: 'resize', subject, sizeBytes: 4 * templateBytes };
/** Where somebody who is not platter puts a file too. */
export const contested = 'vm9/disk';
export const foreign: OperationSpec = { kind: 'foreign file', subject: contested };
export const clone: OperationSpec = { kind: 'clone', subject: 'vm2/disk', other: `${subject}@s1` };

const direct: OperationSpec = { kind: 'direct snapshot', subject, other: 'i1' };
const cloneImage: OperationSpec = { kind: 'clone image', subject: 'vm2/disk', other: 'i1' };

export const subjects: readonly Subject[] = [
  { name: 'add-template', setUp: [], operation: add, isOfTemplate: true, rival: cache },
  { name: 'download-template', setUp: [], operation: { ...add, subject: 't2' } },
  {
    name: 'delete-template',
    setUp: [add],
    operation: { ...add, kind: 'delete template' },
    rival: cache,
  },
  { name: 'verify-template', setUp: [add], operation: { ...add, kind: 'verify template' } },
  { name: 'prune', setUp: [add], operation: { kind: 'prune', subject: '' }, rival: cache },
  {
    name: 'adopt-template',
    setUp: [put],
    operation: { ...add, kind: 'verify template' },
    isOfTemplate: true,
  },
  { name: 'cache-of-foreign', setUp: [put], operation: cache },
  { name: 'cache-cold', setUp: [], operation: cache, isOfTemplate: true },
  { name: 'cache-warm', setUp: [add], operation: cache, isOfTemplate: true },
  { name: 'cache-larger', setUp: [add], operation: { ...cache, sizeBytes: 2 * templateBytes } },
  { name: 'cache-grows', setUp: [cache], operation: { ...cache, sizeBytes: 2 * templateBytes } },
  {
    name: 'create-blank',
    setUp: [],
    operation: { kind: 'create blank', subject, sizeBytes: 24 * MiB },
  },
  {
    name: 'cache-contested',
    setUp: [add],
    operation: { ...cache, subject: contested },
    rival: foreign,
  },
  {
    name: 'create-generated',
    setUp: [],
    operation: { kind: 'create generated', subject, pattern: 200 },
  },
  {
    name: 'import',
    setUp: [],
    operation: { kind: 'import', subject, pattern: 201, sizeBytes: 24 * MiB },
  },
  { name: 'import-file', setUp: [], operation: importFile },
  { name: 'import-file-over-another', setUp: [cache], operation: importFile, rival: snapshot },
  { name: 'resize', setUp: [cache], operation: grow },
  { name: 'resize-with-snapshot', setUp: [cache, snapshot], operation: grow },
  { name: 'create-snapshot', setUp: [cache], operation: snapshot, rival: grow },
  {
    name: 'create-second-snapshot',
    setUp: [cache, snapshot, write],
    operation: { ...snapshot, other: 's2' },
  },
  {
    name: 'restore-snapshot',
    setUp: [cache, snapshot, write],
    operation: { ...snapshot, kind: 'restore snapshot' },
  },
  {
    name: 'restore-smaller',
    setUp: [cache, snapshot, grow, write],
    operation: { ...snapshot, kind: 'restore snapshot' },
    rival: grow,
  },
  {
    name: 'delete-snapshot',
    setUp: [cache, snapshot, write],
    operation: { ...snapshot, kind: 'delete snapshot' },
  },
  {
    name: 'flatten',
    setUp: [cache, write],
    operation: { kind: 'flatten', subject },
    rival: snapshot,
  },
  {
    name: 'clone',
    setUp: [cache, write, snapshot],
    operation: clone,
    rival: { ...snapshot, kind: 'delete snapshot' },
  },
  {
    name: 'flatten-clone',
    setUp: [cache, write, snapshot, clone],
    operation: { kind: 'flatten', subject: 'vm2/disk' },
  },
  { name: 'export', setUp: [cache, write], operation: { kind: 'export', subject } },
  {
    name: 'export-snapshot',
    setUp: [cache, snapshot, write],
    operation: { kind: 'export', subject, other: 's1' },
  },
  { name: 'destroy', setUp: [cache], operation: { kind: 'destroy', subject }, rival: cache },
  {
    name: 'destroy-with-snapshot',
    setUp: [cache, snapshot, write],
    operation: { kind: 'destroy', subject },
  },
  {
    name: 'destroy-cloned',
    setUp: [cache, snapshot, clone],
    operation: { kind: 'destroy', subject },
  },
  { name: 'direct-snapshot', setUp: [cache, write], operation: direct, rival: snapshot },
  {
    name: 'direct-snapshot-of-blank',
    setUp: [{ kind: 'create blank', subject, sizeBytes: 24 * MiB }],
    operation: direct,
  },
  { name: 'clone-image', setUp: [cache, write, direct], operation: cloneImage },
  { name: 'clone-template', setUp: [cache], operation: { ...cloneImage, other } },
  {
    name: 'clean-up-image',
    setUp: [cache, direct],
    operation: { ...direct, kind: 'clean up image' },
    rival: cloneImage,
  },
  { name: 'show', setUp: [cache, snapshot], operation: { kind: 'show', subject } },
  { name: 'list', setUp: [cache], operation: { kind: 'list', subject } },
  { name: 'recover', setUp: [cache], operation: { kind: 'recover', subject: '' } },
];

/** Ends the program of who is swept: what was acknowledged has to be there when trouble comes only now. */
const after: OperationSpec = { kind: 'list', subject };
/** When nothing goes wrong, the operation is over by then. */
const rivalAfterMs = 10_000;

export function casesOf(backend: SimBackend): readonly SweepCase[] {
  return settings[backend].flatMap((setting) =>
    subjects
      .filter(({ setUp, operation, rival }) =>
        isPossible(backend, setting, [...setUp, operation, ...(rival === foreign ? [rival] : [])]),
      )
      .flatMap((one) => [
        ...alone(backend, setting, one),
        ...(backend === 'lvm' ? [] : [withRival(backend, setting, one)]),
      ]),
  );
}

/**
 * Foreign files need disks that are files, snapshots need reflinks where disks are flat files, thick volumes that have some
 * do not grow, and in a cluster what has clones stays.
 */
export function isPossible(
  backend: SimBackend,
  { hasReflinks, group }: Setting,
  operations: readonly OperationSpec[],
): boolean {
  const kinds = new Set(operations.map(({ kind }) => kind));
  if (!sharesImages(backend) && [...kinds].some((kind) => ofSharedStorage.has(kind))) return false;
  if (kinds.has('foreign file') && !hasDiskFiles(backend)) return false;
  if (kinds.has('clone') && kinds.has('destroy') && backend === 'rbd') return false;
  if (!kinds.has('create snapshot')) return true;
  if (backend === 'flat') return hasReflinks === true;
  return backend !== 'lvm' || group?.thinPoolExtents !== undefined || !kinds.has('resize');
}

function alone(
  backend: SimBackend,
  setting: Setting,
  { name, setUp, operation, isOfTemplate }: Subject,
): readonly SweepCase[] {
  const formats = isOfTemplate === true ? (['raw', 'qcow2'] as const) : (['raw'] as const);
  return formats.map((format) => ({
    id: `${setting.name}/${name}${format === 'raw' ? '' : `-of-${format}`}`,
    kind: operation.kind,
    scenario: {
      ...plainScenario(backend, setting, format),
      setUp,
      clients: [{ machine: 0, operations: [operation, after] }],
    },
  }));
}

/** Somebody on another host wants to work on the same, and comes when the first should be done. */
function withRival(
  backend: SimBackend,
  setting: Setting,
  { name, setUp, operation, rival = operation }: Subject,
): SweepCase {
  const scenario = plainScenario(backend, setting, 'raw');
  const [machine] = scenario.machines;
  return {
    id: `${setting.name}/${name}-and-rival`,
    kind: operation.kind,
    scenario: {
      ...scenario,
      machines: machine === undefined ? [] : [machine, machine],
      setUp,
      clients: [
        { machine: 0, operations: [operation, after] },
        { machine: 1, operations: [{ ...rival, afterMs: rivalAfterMs }] },
      ],
    },
  };
}
