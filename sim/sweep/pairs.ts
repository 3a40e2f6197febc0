/** Pairs of operations whose schedules are swept. */
import type { OperationSpec, SimBackend } from '../scenarios/scenario.ts';
import {
  add,
  cache,
  clone,
  contested,
  foreign,
  grow,
  isPossible,
  put,
  snapshot,
  subject,
  type Subject,
  type SweepCase,
} from './cases.ts';
import { plainScenario, settings, templateBytes } from './settings.ts';

/** Two clients with one operation each, at the same time, on the same image or template. */
const rivals: readonly (Pick<Subject, 'name' | 'setUp' | 'operation'> & {
  rival: OperationSpec;
})[] = [
  { name: 'cache-one-disk', setUp: [], operation: cache, rival: cache },
  {
    name: 'cache-one-template',
    setUp: [],
    operation: cache,
    rival: { ...cache, subject: 'vm2/disk' },
  },
  {
    name: 'cache-and-foreign-file',
    setUp: [add],
    operation: { ...cache, subject: contested },
    rival: foreign,
  },
  { name: 'add-one-template', setUp: [], operation: add, rival: add },
  {
    name: 'cache-and-delete-template',
    setUp: [add],
    operation: cache,
    rival: { ...add, kind: 'delete template' },
  },
  {
    name: 'cache-and-prune',
    setUp: [add],
    operation: cache,
    rival: { kind: 'prune', subject: '' },
  },
  { name: 'cache-and-put-template', setUp: [], operation: cache, rival: put },
  {
    name: 'cache-and-destroy',
    setUp: [cache],
    operation: cache,
    rival: { kind: 'destroy', subject },
  },
  {
    name: 'resize-twice',
    setUp: [cache],
    operation: grow,
    rival: { ...grow, sizeBytes: 2 * templateBytes },
  },
  { name: 'resize-and-snapshot', setUp: [cache], operation: grow, rival: snapshot },
  { name: 'snapshot-twice', setUp: [cache], operation: snapshot, rival: snapshot },
  {
    name: 'restore-and-delete-snapshot',
    setUp: [cache, snapshot],
    operation: { ...snapshot, kind: 'restore snapshot' },
    rival: { ...snapshot, kind: 'delete snapshot' },
  },
  {
    name: 'clone-and-delete-snapshot',
    setUp: [cache, snapshot],
    operation: clone,
    rival: { ...snapshot, kind: 'delete snapshot' },
  },
  {
    name: 'flatten-and-snapshot',
    setUp: [cache],
    operation: { kind: 'flatten', subject },
    rival: snapshot,
  },
  {
    name: 'flatten-and-destroy',
    setUp: [cache],
    operation: { kind: 'flatten', subject },
    rival: { kind: 'destroy', subject },
  },
  {
    name: 'resize-and-recover',
    setUp: [cache],
    operation: grow,
    rival: { kind: 'recover', subject: '' },
  },
  {
    name: 'delete-template-and-recover',
    setUp: [add],
    operation: { ...add, kind: 'delete template' },
    rival: { kind: 'recover', subject: '' },
  },
];

/** On two hosts, where they can share disks. */
export function pairsOf(backend: SimBackend): readonly SweepCase[] {
  return settings[backend].flatMap((setting) =>
    rivals
      .filter(({ setUp, operation, rival }) =>
        isPossible(backend, setting, [...setUp, operation, rival]),
      )
      .map(({ name, setUp, operation, rival }) => {
        const scenario = plainScenario(backend, setting, 'raw');
        const machine = backend === 'lvm' ? 0 : 1;
        const machines = [...scenario.machines, ...scenario.machines].slice(0, machine + 1);
        const clients = [
          { machine: 0, operations: [operation] },
          { machine, operations: [rival] },
        ];
        return {
          id: `${setting.name}/schedules/${name}`,
          kind: operation.kind,
          scenario: { ...scenario, machines, setUp, clients },
        };
      }),
  );
}
