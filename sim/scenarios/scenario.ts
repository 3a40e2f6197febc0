/** A scenario: everything that a run depends on, as data. A failure file holds one. */
import type { Fault } from '../faults/fault.ts';
import type { PersistenceProfile } from '../volume/power-cut.ts';

export const simBackends = ['flat', 'qcow2', 'lvm', 'rbd', 'ploop'] as const;

export type SimBackend = (typeof simBackends)[number];

export interface Scenario {
  readonly backend: SimBackend;
  readonly machines: readonly MachineSpec[];
  readonly volume: VolumeSpec;
  /** Of scenarios on LVM. */
  readonly group?: VolumeGroupSpec;
  /** Of scenarios on LVM whose disks are encrypted. */
  readonly encryption?: EncryptionSpec;
  readonly cluster?: ClusterSpec;
  readonly config: ConfigSpec;
  readonly templates: readonly TemplateSpec[];
  /** What the first host does before the clients begin, without faults, one after another. */
  readonly setUp?: readonly OperationSpec[];
  readonly clients: readonly ClientSpec[];
  readonly faults: readonly Fault[];
  /** What of the un-synced a power cut leaves: one number for each choice, 0 where there are no more. */
  readonly states: readonly number[];
  readonly schedule: ScheduleSpec;
  /** When everybody is done all hosts lose power: what was said to be done has to be there afterwards. */
  readonly losesPowerAtEnd?: boolean;
  /**
   * What follows when the faults are over: everything is recovered; or, more thoroughly, it is then used again, and all of
   * it removed. Default is thorough.
   */
  readonly closing?: 'recover' | 'thorough';
}

export interface ConfigSpec {
  readonly preallocateImages: 'none' | 'space';
  readonly forceRawImages: boolean | undefined;
  readonly maxConcurrentDiskOps: number;
}

/** The cluster that all machines reach. */
export interface ClusterSpec {
  /** Templates are in a pool of their own. */
  readonly hasTemplatePool: boolean;
  /** The hosts share nothing else: each has a directory of its own. */
  readonly isAllThatIsShared?: boolean;
}

/** The volume group of the one machine. */
export interface VolumeGroupSpec {
  readonly extents: number;
  /** Undefined: thick volumes. */
  readonly thinPoolExtents: number | undefined;
  /** Blocks of the pool that somebody else has taken. */
  readonly foreignBlocks: number;
  readonly sparse: boolean;
  readonly volumeClear: 'zero' | 'shred' | 'none';
  /** Somebody else's volume has the name of a disk. */
  readonly hasNamesake?: boolean;
}

export interface EncryptionSpec {
  readonly cipher: string;
  readonly keySize: number;
  /** Secrets by the instances that they are for. */
  readonly keys: Readonly<Record<string, string>>;
}

export interface MachineSpec {
  /** How fast its wall clock goes. */
  readonly drift: number;
  readonly offsetMs: number;
  /** Its tools say something at every run that is of no matter. */
  readonly toolsWarn?: boolean;
}

export interface VolumeSpec {
  readonly capacityBytes: number;
  readonly hasReflinks: boolean;
  readonly persistence: PersistenceProfile;
  /** On a server, which does not lose power with a host. */
  readonly isShared: boolean;
  /** Syncs do nothing: a negative control. */
  readonly lies: boolean;
  /** Hosts trust their caches of names on it: a negative control. */
  readonly cachesNames?: boolean;
}

export interface TemplateSpec {
  readonly name: string;
  readonly format: 'raw' | 'qcow2';
  readonly sizeBytes: number;
  /** What it is filled with. */
  readonly pattern: number;
  readonly fetchMs: number;
  /** Leans on a file of the host: nobody may ever open it with a tool. */
  readonly hostile: boolean;
  /** Whoever adds it does so from a web server; it is raw, and of `webTemplateBytes`. */
  readonly isOnWeb?: boolean;
  /** The web server knows no `If-Range`. */
  readonly ignoresIfRange?: boolean;
}

/** A program of one process after another: when one dies, the next goes on with the operation behind. */
export interface ClientSpec {
  readonly machine: number;
  /** What its configuration says otherwise than the others'. */
  readonly config?: OwnConfigSpec;
  readonly operations: readonly OperationSpec[];
}

/** Somebody has changed the configuration, and not everybody has read it yet. */
export interface OwnConfigSpec extends Partial<ConfigSpec> {
  readonly lvm?: Partial<Pick<VolumeGroupSpec, 'sparse' | 'volumeClear'>>;
  /** The thin pool that the others have in theirs is not in its own. */
  readonly hasPool?: false;
}

export interface OperationSpec {
  readonly kind: OperationKind;
  /** `vm1/disk`, or a template. */
  readonly subject: string;
  /** Snapshot, template, image of an image service, where a clone goes, or the query of an address on the web. */
  readonly other?: string;
  readonly sizeBytes?: number;
  /** For guests and generated disks: what is written. */
  readonly pattern?: number;
  /** For guests: how long the machine is up. Default is 3 s. */
  readonly runsMs?: number;
  /** What is imported or generated leans on a file of the host: nobody may ever open it with a tool. */
  readonly isHostile?: boolean;
  /** What is destroyed is overwritten first. */
  readonly wipe?: boolean;
  /** Waits so long before it begins. */
  readonly afterMs?: number;
  /** The caller gives up after so long. */
  readonly cancelAfterMs?: number;
  /** Begun again when its process died of it. */
  readonly isRetried?: boolean;
}

export const operationKinds = [
  'cache',
  'create blank',
  'create generated',
  'import',
  'import file',
  'resize',
  'create snapshot',
  'restore snapshot',
  'delete snapshot',
  'flatten',
  'clone',
  'clone image',
  'direct snapshot',
  'clean up image',
  'export',
  'destroy',
  'show',
  'list',
  'guest write',
  'add template',
  'delete template',
  'verify template',
  'prune',
  'recover',
  'foreign file',
  'put template',
  'replace on web',
  'remove by hand',
  'remove store',
] as const;

export type OperationKind = (typeof operationKinds)[number];

export type ScheduleSpec =
  | { readonly kind: 'random'; readonly seed: number; readonly odds: number }
  | {
      readonly kind: 'pct';
      readonly seed: number;
      readonly depth: number;
      /** In how many of the first choices tasks change. Default is 200. */
      readonly steps?: number;
    }
  | { readonly kind: 'tape'; readonly tape: readonly number[] };

/** Whether a disk is one file, as anybody can make one. */
export function hasDiskFiles(backend: SimBackend): boolean {
  return backend === 'flat' || backend === 'qcow2';
}

/** Whether a disk can be removed by the means of its storage alone, and leaves nothing half. */
export function canRemoveByHand(backend: SimBackend): boolean {
  return hasDiskFiles(backend) || backend === 'lvm';
}

/** Whether images of an image service can be disks without being copied, and be made of disks so. */
export function sharesImages(backend: SimBackend): boolean {
  return backend === 'rbd';
}

/** Whether it makes a disk of a file that somebody else has put on the host. */
export function importsFile(kind: OperationKind): boolean {
  return kind === 'import' || kind === 'import file';
}

export function templateNamed({ templates }: Scenario, name: string): TemplateSpec | undefined {
  return templates.find((known) => known.name === name);
}

/** Whether somebody removes one so. */
export function isRemovedByHand(scenario: Scenario): boolean {
  return operationsOf(scenario).some(({ kind }) => kind === 'remove by hand');
}

/** Whether somebody removes all templates by hand. */
export function losesStore(scenario: Scenario): boolean {
  return operationsOf(scenario).some(({ kind }) => kind === 'remove store');
}

/** Whatever anybody does in it. */
export function operationsOf({ setUp = [], clients }: Scenario): readonly OperationSpec[] {
  return [...setUp, ...clients.flatMap(({ operations }) => operations)];
}
