/**
 * Flat files (B040-B049): a disk is a file of its own, raw unless its template's format is kept. Copied from the
 * template by reflink where the filesystem has it. Snapshots are reflinked copies, on filesystems that can.
 */
import { imagePath } from '../../config/layout.ts';
import type { Config } from '../../config/config.ts';
import type { ImageAddress } from '../../names.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import type { Driver, DriverFactory } from '../driver.ts';
import type { Look } from '../image-record.ts';
import { destroyFileSteps, noUsersStep, recoverDestroy } from '../files/destroy.ts';
import { exportStep } from '../files/export.ts';
import {
  fileSource,
  findFileImage,
  openable,
  parseImagePath,
  readFormat,
} from '../files/file-image.ts';
import { checkReferences } from '../files/foreign-disk.ts';
import { growSteps, recoverGrowth } from '../files/grow.ts';
import { sectorBytes } from '../../sizes.ts';
import { planFlat } from './create.ts';
import { canReflink } from './reflink-probe.ts';
import {
  createSnapshotSteps,
  deleteSnapshotSteps,
  listSnapshots,
  requireNoOrphans,
  restoreSnapshotSteps,
  snapshotFile,
} from './snapshots.ts';

const own = { type: 'flat', format: 'raw' } as const;

function find(filesystem: Filesystem, config: Config, address: ImageAddress, look?: Look) {
  const readSnapshots = (format: string) => listSnapshots(filesystem, config, address, format);
  return findFileImage(filesystem, config, address, own, { look, readSnapshots });
}

/** Of snapshots that go with it only the files matter, and they may be damaged as well. */
function findToRemove(filesystem: Filesystem, config: Config, address: ImageAddress, look?: Look) {
  const readSnapshots = () => listSnapshots(filesystem, config, address, 'raw');
  return findFileImage(filesystem, config, address, own, { look, readSnapshots, isToGo: true });
}

export const flatDriver: DriverFactory = ({ host, config }): Driver => ({
  ...own,
  isFileInInstancePath: true,
  isSharedBlockStorage: false,

  path: (address) => imagePath(config, address),
  parsePath: (instance, path) => parseImagePath(config, instance, path),

  async capabilities(address) {
    const shares = await canReflink(host, config, address);
    return {
      snapshots: shares,
      sharesTemplateData: shares,
      flatten: false,
      clone: false,
      directSnapshot: false,
      encryption: false,
      sharedBlockStorage: false,
    };
  },

  find: (address, look) => find(host.filesystem, config, address, look),
  findToRemove: (address, look) => findToRemove(host.filesystem, config, address, look),

  /** Unlike the original (B049) it tells the format that the disk really has. */
  async model(address) {
    const { format } = await readFormat(host.filesystem, config, address, 'raw');
    return { kind: 'LocalFileImage', path: imagePath(config, address), format };
  },

  libvirtSource: (address) => fileSource(host.filesystem, config, address, 'raw'),

  list: async () => [],
  survey: async (address, _, look) => ({
    existing: await find(host.filesystem, config, address, look),
    granuleBytes: sectorBytes,
    async plan(order) {
      await requireNoOrphans(host.filesystem, config, address);
      return planFlat(config, order);
    },
  }),

  checkReferences: (facts) => checkReferences(host, config, facts),
  resize: (facts, sizeBytes) => growSteps(host, config, { type: 'flat', facts }, sizeBytes),

  flatten: async () => [],

  createSnapshot: async (facts, name) => createSnapshotSteps(config, facts, name),
  deleteSnapshot: async (facts, snapshot) => deleteSnapshotSteps(config, facts, snapshot),
  restoreSnapshot: async (facts, snapshot) => [
    noUsersStep(config, facts),
    ...restoreSnapshotSteps(config, facts, snapshot),
  ],

  async export(order) {
    const { facts, snapshot } = order;
    return [
      exportStep(config, order, async () => {
        if (snapshot === undefined) return { source: openable(facts) };
        const path = await snapshotFile(host.filesystem, config, facts.address, snapshot.name);
        return { source: openable({ ...facts, virtualSizeBytes: snapshot.sizeBytes }, path) };
      }),
    ];
  },

  destroy: async (facts, { wipe }) => destroyFileSteps(config, facts, { type: 'flat', wipe }),

  recover: async (session, leftover, intent) =>
    (await recoverDestroy(session, leftover, intent)) ?? recoverGrowth(session, leftover, intent),
});
