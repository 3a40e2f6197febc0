/** What workloads have to be drawn on, and what several kinds of them have in common. */
import type { Prng } from '../schedule/prng.ts';
import type {
  ClientSpec,
  OperationKind,
  OperationSpec,
  Scenario,
  TemplateSpec,
} from './scenario.ts';

/**
 * `restarts`: machines are started on a disk that is being changed. `intrusions`: somebody who is not platter puts files
 * there, or takes them away.
 */
export type SpecialWork = 'restarts' | 'intrusions';

export interface Ground {
  readonly machines: number;
  /** Each has a directory of its own. */
  readonly isApart: boolean;
  /** Disks are files, as anybody can make. */
  readonly hasFiles: boolean;
  /** Disks can be removed one by one, and leave nothing half. */
  readonly canRemoveByHand: boolean;
  /** Images of an image service can be disks without being copied. */
  readonly sharesImages: boolean;
  readonly only: SpecialWork | undefined;
  readonly templates: readonly TemplateSpec[];
}

/** What a run works on: where everybody wants the same disk, or disks of one instance, they get in each other's way. */
export const neighbourhoods = [
  ['vm1/disk', 'vm1/disk', 'vm2/disk', 'vm1/disk.eph0'],
  ['vm1/disk', 'vm1/disk', 'vm2/disk', 'vm1/disk.eph0'],
  ['vm1/disk'],
  ['vm1/disk', 'vm1/disk.eph0', 'vm1/disk.swap'],
] as const;

export type Workload = Pick<Scenario, 'setUp' | 'clients'>;

/** All of them have it. */
export const commonImage = 'vm1/disk';
/** Its name begins with that of the other. */
export const neighbour = 'vm1/disk.eph0';

/** A disk, sometimes with a snapshot that it is not as any more; and sometimes a neighbour that has one too. */
export function drawSetUp(prng: Prng, { name }: TemplateSpec): readonly OperationSpec[] {
  const subject = commonImage;
  const cache: OperationSpec = { kind: 'cache', subject, other: name };
  if (prng.oneIn(4)) {
    const taken = { kind: 'create snapshot', subject: neighbour, other: 's1' } as const;
    return [{ ...cache, subject: neighbour }, taken, cache];
  }
  if (prng.oneIn(2)) return [cache];
  return [
    cache,
    { kind: 'create snapshot', subject, other: 's1' },
    { kind: 'guest write', subject, pattern: 500 + prng.below(64) },
  ];
}

export const kindsOfDuels: Readonly<
  Record<'image' | 'template' | 'service', readonly OperationKind[]>
> = {
  image: [
    'cache',
    'resize',
    'create snapshot',
    'restore snapshot',
    'delete snapshot',
    'flatten',
    'clone',
    'export',
    'destroy',
    'guest write',
    'recover',
  ],
  service: [
    'direct snapshot',
    'direct snapshot',
    'clone image',
    'clean up image',
    'create snapshot',
    'guest write',
    'destroy',
    'recover',
  ],
  template: ['cache', 'cache', 'delete template', 'delete template', 'verify template', 'prune'],
};

/** What several hosts make under one name whose directories are not the same. */
export const contested = 'vm9/disk';
export const ways = ['cache', 'cache', 'create blank', 'create generated', 'import'] as const;

export function onMachines(
  machines: number,
  scripts: readonly (readonly OperationSpec[])[],
): readonly ClientSpec[] {
  return scripts.map((operations, index) => ({ machine: index % machines, operations }));
}
