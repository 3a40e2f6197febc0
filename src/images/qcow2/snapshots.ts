/** Internal snapshots of qcow2: changes of one file in place. */
import type { Config } from '../../config/config.ts';
import { runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Step } from '../../operations/step.ts';
import { qemuImgSnapshot } from '../../tools/qemu-img/argv.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { openable } from '../files/file-image.ts';
import { firstEffect, inPlaceStep } from '../files/in-place.ts';
import { readActiveTable } from './active-table.ts';
import { readTableReference } from './snapshot-table.ts';

const actions = ['create', 'apply', 'delete'] as const;
export type SnapshotAction = (typeof actions)[number];

const words = {
  create: { description: 'take snapshot', action: 'take the snapshot' },
  apply: { description: 'bring back snapshot', action: 'restore the snapshot' },
  delete: { description: 'remove snapshot', action: 'remove the snapshot' },
} as const;

export function snapshotOperation(action: SnapshotAction): string {
  return `snapshot ${action}`;
}

/** What the disk held before a snapshot was brought back: its own file, for it may be long. */
export function activeTablePath({ path }: Workspace): string {
  return `${path}/active-table`;
}

export function isSnapshotOperation(operation: string): boolean {
  return actions.some((action) => operation === snapshotOperation(action));
}

/** `id` is what the snapshot is brought back by; there is none yet when it is taken. */
export function snapshotStep(
  config: Config,
  facts: ImageFacts,
  action: SnapshotAction,
  { name, id }: { name: string; id?: string },
): Step {
  const wanted = action === 'apply' && id !== undefined ? id : name;
  return inPlaceStep({
    type: 'qcow2',
    facts,
    operation: snapshotOperation(action),
    details: async ({ host, workspace }) => {
      const { filesystem } = host;
      if (action === 'apply') {
        const active = await readActiveTable(filesystem, facts.path);
        await filesystem.createText(activeTablePath(workspace), active);
      }
      const { virtualSizeBytes: sizeBytes } = facts;
      return { name, id, sizeBytes, table: await readTableReference(filesystem, facts.path) };
    },
    description: `${words[action].description} ${name}`,
    step: { command: qemuImgSnapshot(action, openable(facts), wanted) },
    change: (session, image) =>
      firstEffect(session, () =>
        runQemuImg(session, qemuImgSnapshot(action, image, wanted), {
          action: words[action].action,
          effect: 'in place',
          timeoutMs: config.limits.toolTimeoutSeconds * 1000,
        }),
      ),
  });
}
