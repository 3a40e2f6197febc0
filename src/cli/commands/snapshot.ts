/** `platter snapshot …` */
import { PlatterError } from '../../errors.ts';
import type { ImageChange } from '../../images/change.ts';
import type { SnapshotFacts } from '../../images/driver.ts';
import type { Image } from '../../images/image.ts';
import { parseImageAddress, parseSnapshotAddress } from '../../names.ts';
import { formatSize } from '../../sizes.ts';
import { action, reading, type DefineCommands } from '../command.ts';
import { confirm } from '../confirm.ts';
import { printPlan, printResult } from '../output.ts';
import type { CommandSession } from '../session.ts';
import { formatTable } from '../table.ts';
import { describeImage } from './image-text.ts';

interface Options {
  readonly backend?: string;
}

const backendOption = ['--backend <type>', 'look only there'] as const;

export const defineSnapshot: DefineCommands = (noun, context) => {
  noun
    .command('create')
    .description('keep the content of a disk as it is now')
    .argument('<instance/disk@snapshot>')
    .option(...backendOption)
    .action(
      action(context, async (session, [text]: [string], options: Options) => {
        const { image, name, planned } = await open(session, text, options, 'create snapshot');
        if (planned) return;
        await image.createSnap(name, session.operation);
        const made = (await image.listSnaps()).find((snapshot) => snapshot.name === name);
        await printResult(session, { ...image.address, ...made }, () => '');
      }),
    );

  noun
    .command('list')
    .description('list the snapshots of a disk, oldest first')
    .argument('<instance/disk>')
    .option(...backendOption)
    .action(
      reading(context, async (session, [text]: [string], { backend }: Options) => {
        const image = await session.backend.find(parseImageAddress(text), backend);
        await printResult(session, await image.listSnaps(), snapshotTable);
      }),
    );

  noun
    .command('restore')
    .description('bring back the content and size that a snapshot kept')
    .argument('<instance/disk@snapshot>')
    .option(...backendOption)
    .action(
      action(context, async (session, [text]: [string], options: Options) => {
        const { image, name, planned } = await open(session, text, options, 'restore snapshot');
        if (planned) return;
        await image.rollbackToSnap(name, session.operation);
        await printResult(session, await image.info(), describeImage);
      }),
    );

  noun
    .command('delete')
    .description('remove a snapshot')
    .argument('<instance/disk@snapshot>')
    .option(...backendOption)
    .action(
      action(context, async (session, [text]: [string], options: Options) => {
        const { image, name, planned } = await open(session, text, options, 'delete snapshot');
        if (planned) return;
        await image.removeSnap(name, session.operation);
        await printResult(session, { deleted: text }, () => '');
      }),
    );
};

type SnapshotChange = 'create snapshot' | 'restore snapshot' | 'delete snapshot';

/** The image of a snapshot address; a destructive change is confirmed, and with `--dry-run` only planned. */
async function open(
  session: CommandSession,
  text: string,
  { backend }: Options,
  kind: SnapshotChange,
): Promise<{ image: Image; name: string; planned: boolean }> {
  const { snapshot: name, ...address } = parseSnapshotAddress(text);
  if (!session.dryRun && kind !== 'create snapshot') {
    await confirm(session, kind === 'delete snapshot' ? `deleting ${text}` : `restoring ${text}`);
  }
  const image = await session.backend.find(address, backend);
  await requireSnapshots(image);
  if (!session.dryRun) return { image, name, planned: false };
  const change: ImageChange =
    kind === 'delete snapshot' ? { kind, name, ignoreErrors: false } : { kind, name };
  await printPlan(session, await image.plan(change));
  return { image, name, planned: true };
}

/** In the library these do nothing where there are no snapshots; a command that does nothing has failed. */
async function requireSnapshots(image: Image): Promise<void> {
  if ((await image.capabilities()).snapshots) return;
  throw new PlatterError('NOT_SUPPORTED', `${image.type} images have no snapshots here`, {
    hint: 'snapshots of flat images need XFS or btrfs; qcow2 images have them everywhere',
  });
}

function snapshotTable(snapshots: readonly SnapshotFacts[]): Promise<string> {
  const rows = snapshots.map(({ name, sizeBytes, createdAt }) => [
    name,
    formatSize(sizeBytes),
    createdAt ?? '-',
  ]);
  return formatTable(['SNAPSHOT', 'SIZE', 'MADE AT'], rows);
}
