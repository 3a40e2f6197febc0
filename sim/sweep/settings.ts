/** What sweeps work in: for each backend the few settings in which it takes another way. Everything else is plain. */
import { webTemplateBytes } from '../scenarios/contents.ts';
import type { Scenario, SimBackend, TemplateSpec, VolumeGroupSpec } from '../scenarios/scenario.ts';

export interface Setting {
  /** Part of the names of cases. */
  readonly name: string;
  readonly hasReflinks?: boolean;
  readonly group?: VolumeGroupSpec;
  readonly hasTemplatePool?: boolean;
}

const group = {
  extents: 1024,
  thinPoolExtents: undefined,
  foreignBlocks: 0,
  sparse: false,
  volumeClear: 'zero',
} as const;

export const settings: Readonly<Record<SimBackend, readonly Setting[]>> = {
  flat: [
    { name: 'reflink', hasReflinks: true },
    { name: 'copy', hasReflinks: false },
  ],
  qcow2: [{ name: 'overlay' }],
  ploop: [{ name: 'raw' }],
  lvm: [
    { name: 'thin', group: { ...group, thinPoolExtents: 512 } },
    { name: 'thick', group },
    { name: 'sparse', group: { ...group, sparse: true } },
  ],
  rbd: [
    { name: 'template-pool', hasTemplatePool: true },
    { name: 'one-pool', hasTemplatePool: false },
  ],
};

export const MiB = 2 ** 20;
export const templateBytes = 8 * MiB;

const template: TemplateSpec = {
  name: '',
  format: 'raw',
  sizeBytes: templateBytes,
  pattern: 100,
  fetchMs: 0,
  hostile: false,
};

/** On one host, without anything to do yet. The second template is fetched from a web server. */
export function plainScenario(
  backend: SimBackend,
  { hasReflinks = true, group: volumeGroup, hasTemplatePool }: Setting,
  format: TemplateSpec['format'],
): Scenario {
  return {
    backend,
    machines: [{ drift: 1, offsetMs: 0 }],
    volume: {
      capacityBytes: 2 ** 44,
      hasReflinks,
      persistence: 'posix-min',
      isShared: true,
      lies: false,
    },
    ...(volumeGroup === undefined ? {} : { group: volumeGroup }),
    ...(hasTemplatePool === undefined ? {} : { cluster: { hasTemplatePool } }),
    config: { preallocateImages: 'none', forceRawImages: undefined, maxConcurrentDiskOps: 0 },
    templates: [
      { ...template, name: 't1', format },
      { ...template, name: 't2', sizeBytes: webTemplateBytes, pattern: 101, isOnWeb: true },
    ],
    clients: [],
    faults: [],
    states: [],
    schedule: { kind: 'tape', tape: [] },
  };
}
