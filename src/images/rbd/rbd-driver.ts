/**
 * Ceph RBD (B085-B118), through the commands rbd and ceph: a disk is an image in a pool that all hosts see, and a clone
 * of its template, which is in the cluster once. Snapshots are the cluster's own.
 */
import { sectorBytes } from '../../sizes.ts';
import { splitMonitorAddress } from '../../tools/ceph/output.ts';
import type { Driver, DriverFactory } from '../driver.ts';
import {
  createSnapshotStep,
  deleteSnapshotStep,
  flattenSteps,
  growStep,
  restoreSnapshotStep,
} from './change.ts';
import { connect } from './cluster.ts';
import { planCreate } from './create.ts';
import { destroySteps } from './destroy.ts';
import { exportStep } from './export.ts';
import { findRbdImage, pathOf } from './facts.ts';
import { watchMonitors } from './monitors.ts';
import { addressOf, imageNameOf, parseRbdPath } from './names.ts';
import { recoverRbd } from './recover.ts';
import { rbdStrays } from './strays.ts';
import { shareRbdImages } from './sharing.ts';
import { removeTemplate, usersOfTemplate } from './template.ts';

export const rbdDriver: DriverFactory = ({ host, config }): Driver => {
  const cluster = connect(host, config);
  const monitors = watchMonitors(host, cluster, config);
  const { user, secretUuid } = config.rbd;

  return {
    type: 'rbd',
    format: 'raw',
    isFileInInstancePath: false,
    isSharedBlockStorage: true,

    path: (address) => pathOf(cluster, config, address),
    parsePath: (instance, path) => parseRbdPath(cluster.pool, instance, path),

    capabilities: async () => ({
      snapshots: true,
      sharesTemplateData: true,
      flatten: true,
      clone: true,
      directSnapshot: true,
      encryption: false,
      sharedBlockStorage: true,
    }),

    find: (address) => findRbdImage(host, cluster, config, address),

    async list() {
      const names = await cluster.names(cluster.pool);
      return names.map(addressOf).filter((address) => address !== undefined);
    },

    model: async (address) => ({
      kind: 'RbdImage',
      name: imageNameOf(address),
      pool: cluster.pool,
      user: user ?? null,
      secret: secretUuid ?? null,
      servers: await monitors(),
    }),

    /** A user without a secret gives no authentication that libvirt could carry out (D11). */
    libvirtSource: async (address) => ({
      type: 'network',
      protocol: 'rbd',
      name: `${cluster.pool}/${imageNameOf(address)}`,
      hosts: (await monitors()).map(splitMonitorAddress),
      auth: secretUuid === undefined ? undefined : { username: user ?? 'admin', secretUuid },
    }),

    async survey(address, session, { record }) {
      // Only this host's own record makes a look worth its process: else the rename tells whether the name is free.
      const existing =
        record.recorded === undefined
          ? undefined
          : await findRbdImage(host, cluster, config, address);
      return {
        existing,
        granuleBytes: sectorBytes,
        plan: (order) => planCreate(session, cluster, config, order),
      };
    },

    resize: async (facts, sizeBytes) => [growStep(cluster, facts, sizeBytes)],
    flatten: async (facts) => flattenSteps(cluster, facts),
    createSnapshot: async (facts, name) => [createSnapshotStep(cluster, facts, name)],
    deleteSnapshot: async (facts, snapshot) => [deleteSnapshotStep(cluster, facts, snapshot)],
    restoreSnapshot: async (facts, snapshot) => [restoreSnapshotStep(cluster, facts, snapshot)],
    export: async (order) => [exportStep(cluster, config, order)],
    destroy: (facts, options) => destroySteps(cluster, config, facts, options),

    templates: {
      usersOf: (template) => usersOfTemplate(cluster, template),
      remove: (session, template, id) => removeTemplate(session, cluster, template, id),
    },
    sharing: shareRbdImages(cluster, config),

    strays: (known) => rbdStrays(cluster, known),
    recover: (session, leftover, intent) => recoverRbd(session, cluster, leftover, intent),
  };
};
