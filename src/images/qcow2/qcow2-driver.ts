/**
 * qcow2 (B050-B060): a disk is an overlay that leans on its template. Snapshots are internal: they live in the same file.
 */
import { imagePath } from '../../config/layout.ts';
import type { Session } from '../../operations/step.ts';
import { sectorBytes } from '../../sizes.ts';
import type { Driver, DriverFactory } from '../driver.ts';
import { destroyFileSteps, noUsersStep, recoverDestroy } from '../files/destroy.ts';
import { exportStep } from '../files/export.ts';
import { fileSource, findFileImage, openable, parseImagePath } from '../files/file-image.ts';
import { checkReferences } from '../files/foreign-disk.ts';
import { growSteps } from '../files/grow.ts';
import { planQcow2 } from './create.ts';
import { flattenSteps } from './flatten.ts';
import { recoverQcow2 } from './recover.ts';
import { snapshotContent } from './snapshot-content.ts';
import { snapshotStep } from './snapshots.ts';

const own = { type: 'qcow2', format: 'qcow2' } as const;

export const qcow2Driver: DriverFactory = ({ host, config }): Driver => ({
  ...own,
  isFileInInstancePath: true,
  isSharedBlockStorage: false,

  path: (address) => imagePath(config, address),
  parsePath: (instance, path) => parseImagePath(config, instance, path),

  capabilities: async () => ({
    snapshots: true,
    sharesTemplateData: true,
    flatten: true,
    clone: false,
    directSnapshot: false,
    encryption: false,
    sharedBlockStorage: false,
  }),

  find: (address, look) => findFileImage(host.filesystem, config, address, own, { look }),
  findToRemove: (address, look) =>
    findFileImage(host.filesystem, config, address, own, { look, isToGo: true }),

  model: async (address) => ({
    kind: 'LocalFileImage',
    path: imagePath(config, address),
    format: 'qcow2',
  }),

  libvirtSource: (address) => fileSource(host.filesystem, config, address, 'qcow2'),

  list: async () => [],
  survey: async (address, session, look) => ({
    existing: await findFileImage(host.filesystem, config, address, own, { look }),
    granuleBytes: sectorBytes,
    plan: (order) => planQcow2(session, config, order),
  }),
  checkReferences: (facts) => checkReferences(host, config, facts),
  resize: (facts, sizeBytes) => growSteps(host, config, { type: 'qcow2', facts }, sizeBytes),
  flatten: async (facts) => flattenSteps(config, facts),

  createSnapshot: async (facts, name) => [snapshotStep(config, facts, 'create', { name })],
  deleteSnapshot: async (facts, snapshot) => [snapshotStep(config, facts, 'delete', snapshot)],
  restoreSnapshot: async (facts, snapshot) => [
    noUsersStep(config, facts),
    snapshotStep(config, facts, 'apply', snapshot),
  ],

  async export(order) {
    const { facts, snapshot } = order;
    const from =
      snapshot === undefined
        ? () => Promise.resolve({ source: openable(facts) })
        : (session: Session) => snapshotContent(session, config, facts, snapshot);
    return [exportStep(config, order, from)];
  },

  destroy: async (facts, { wipe }) => destroyFileSteps(config, facts, { type: 'qcow2', wipe }),

  recover: async (session, leftover, intent) =>
    (await recoverDestroy(session, leftover, intent)) ??
    recoverQcow2(session, config, leftover, intent),
});
