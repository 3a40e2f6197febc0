/**
 * Ploop disks of OpenVZ (B119-B125): a directory with images and a descriptor.
 *
 * What runs without the kernel module of OpenVZ, and was tried on Debian's ploop 1.15: making (raw), growing, snapshots,
 * copying and removing. Disks in expanded format, which need that kernel to be made, are read, grown and copied; what
 * needs the module is to mount a disk, and to find out that somebody has mounted it.
 */
import { imagePath } from '../../config/layout.ts';
import type { Session } from '../../operations/step.ts';
import type { Driver, DriverFactory } from '../driver.ts';
import { exportStep } from '../files/export.ts';
import { parseImagePath } from '../files/file-image.ts';
import { changeStep, recoverChange } from './change.ts';
import { privateContent } from './content.ts';
import { createPloopSteps } from './create.ts';
import { blockBytes } from './descriptor.ts';
import { destroySteps, recoverDestroy } from './destroy.ts';
import { findPloopDisk } from './disk.ts';
import {
  createSnapshotStep,
  deleteSnapshotStep,
  deletion,
  growth,
  restoreSnapshotStep,
} from './snapshots.ts';

const own = { type: 'ploop', format: 'ploop' } as const;

export const ploopDriver: DriverFactory = ({ host, config }): Driver => ({
  ...own,
  isFileInInstancePath: true,
  isSharedBlockStorage: false,

  path: (address) => imagePath(config, address),
  parsePath: (instance, path) => parseImagePath(config, instance, path),

  capabilities: async () => ({
    snapshots: true,
    sharesTemplateData: false,
    flatten: false,
    clone: false,
    directSnapshot: false,
    encryption: false,
    sharedBlockStorage: false,
  }),

  find: (address) => findPloopDisk(host.filesystem, config, address),
  list: async () => [],

  model: async (address) => ({
    kind: 'LocalFileImage',
    path: imagePath(config, address),
    format: 'ploop',
  }),

  libvirtSource: async (address) => ({
    type: 'file',
    path: imagePath(config, address),
    format: 'ploop',
    io: undefined,
  }),

  survey: async (address) => ({
    existing: await findPloopDisk(host.filesystem, config, address),
    granuleBytes: blockBytes,
    plan: async (order) => ({ steps: createPloopSteps(config, order) }),
  }),

  resize: async (facts, sizeBytes) => [changeStep(facts, growth(sizeBytes))],
  flatten: async () => [],

  createSnapshot: async (facts, name) => [
    createSnapshotStep(facts, name, { random: host.random, now: () => host.clock.now() }),
  ],
  deleteSnapshot: async (facts, snapshot) => [deleteSnapshotStep(facts, snapshot)],
  restoreSnapshot: async (facts, snapshot) => [restoreSnapshotStep(facts, snapshot)],

  export: async (order) => [
    exportStep(config, order, async (session: Session) => ({
      source: await privateContent(session, order.facts, order.snapshot),
    })),
  ],

  destroy: async (facts, options) => destroySteps(facts, options),

  recover: async (session, leftover, intent) =>
    (await recoverDestroy(session, leftover, intent)) ??
    recoverChange(session, leftover, intent, { deletion, growth }),
});
