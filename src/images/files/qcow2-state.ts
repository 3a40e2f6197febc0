/** What a qcow2 file says of itself, and its repair after a change that was broken off. */
import { PlatterError } from '../../errors.ts';
import { managed } from '../../ingress/proven.ts';
import { backingTarget } from '../../inspector/formats/backing-name.ts';
import {
  qcow2HeaderEnds,
  readQcow2Header,
  readQcow2Snapshots,
  type Qcow2Header,
} from '../../inspector/formats/qcow2-header.ts';
import { openFileReader } from '../../inspector/reader.ts';
import { formatAddress } from '../../names.ts';
import { changeContained, runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Session } from '../../operations/step.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import { qemuImgRepairLeaks } from '../../tools/qemu-img/argv.ts';
import { isBeyondRepair } from '../../tools/qemu-img/errors.ts';
import { parentOf } from '../../workspace/area.ts';
import { imageOf } from '../../workspace/workspace.ts';
import type { SnapshotFacts } from '../driver.ts';

export interface Qcow2State {
  readonly virtualSizeBytes: number;
  readonly clusterSizeBytes: number;
  /** Oldest first. */
  readonly snapshots: readonly SnapshotFacts[];
  /** Absolute path of the backing file; its name, where that is none of a file. */
  readonly backing: string | null;
  readonly backingFormat: string | null;
}

/** Throws CORRUPT where the file is no whole qcow2. Starts no tool. */
export async function describeQcow2(filesystem: Filesystem, path: string): Promise<Qcow2State> {
  return describe(filesystem, path, damaged);
}

/** The same of a file that nothing on record says to be qcow2. */
export async function describeAssumed(filesystem: Filesystem, path: string): Promise<Qcow2State> {
  return describe(filesystem, path, assumed);
}

type Complain = (path: string, reason: string) => PlatterError;

async function describe(filesystem: Filesystem, path: string, complain: Complain) {
  const file = await filesystem.openRead(path, qcow2HeaderEnds);
  try {
    const reader = openFileReader(file);
    const header = await readQcow2Header(reader);
    if (header === undefined) throw complain(path, 'it has no qcow2 header');
    const table = header.snapshotCount === 0 ? [] : await readQcow2Snapshots(reader, header);
    if (table === undefined) throw complain(path, 'its snapshot table is damaged');
    return {
      virtualSizeBytes: header.virtualSizeBytes,
      clusterSizeBytes: header.clusterSizeBytes,
      snapshots: table.map(({ name, id, sizeBytes: size, createdAtMs }) => ({
        name,
        id,
        sizeBytes: size,
        createdAt: new Date(createdAtMs).toISOString(),
      })),
      ...backingOf(path, header, complain),
    };
  } finally {
    file.close();
  }
}

function backingOf(path: string, { backingFile, backingFormat }: Qcow2Header, complain: Complain) {
  if (backingFile === undefined) return { backing: null, backingFormat: null };
  const { name } = backingFile;
  if (name === undefined) throw complain(path, 'the name of its backing file cannot be read');
  const target = backingTarget({ name, format: backingFormat }, parentOf(path));
  // What is no file is told by its name: no tool will find it.
  return target.kind === 'file'
    ? { backing: target.path, backingFormat: target.format ?? null }
    : { backing: name, backingFormat: backingFormat ?? null };
}

function damaged(path: string, reason: string): PlatterError {
  return new PlatterError('CORRUPT', `the disk is recorded as qcow2, but ${reason}`, {
    details: { path },
    hint: 'restore it from a backup; qemu-img check -f qcow2 may tell more',
  });
}

function assumed(path: string, reason: string): PlatterError {
  return new PlatterError('CORRUPT', `the disk is taken for qcow2, but ${reason}`, {
    details: { path },
    hint: 'neither platter nor disk.info has its format on record: if it is raw, name it so in disk.info, or import the file',
  });
}

/**
 * Gives clusters back that belong to nothing. Their contents, and those of snapshots, stay as they are. A disk that was
 * damaged meanwhile keeps them: who could not be rid of what was broken off could not even delete it.
 */
export async function repairLeaks(
  session: Session,
  path: string,
  tables: { readonly hasOwnTables: boolean },
): Promise<void> {
  try {
    await giveBackLeaks(session, path, tables);
  } catch (error) {
    if (!PlatterError.is(error) || !isBeyondRepair(error)) throw error;
    const disk = formatAddress(imageOf(session.workspace));
    const message = `${disk} is damaged, and can be deleted or restored from a backup: qemu-img check tells more`;
    session.host.events.emit({ type: 'warning', message });
  }
}

async function giveBackLeaks(
  session: Session,
  path: string,
  { hasOwnTables }: { readonly hasOwnTables: boolean },
): Promise<void> {
  const run = { action: 'repair the disk', effect: 'in place' } as const;
  const image = managed(path, 'qcow2', 0);
  if (hasOwnTables) return runQemuImg(session, qemuImgRepairLeaks(image), run);
  const { virtualSizeBytes } = await describeQcow2(session.host.filesystem, path);
  return changeContained(session, qemuImgRepairLeaks(image), { ...image, virtualSizeBytes }, run);
}
