/**
 * `disk.info` (B030-B037): the formats of an instance's disks, one line of JSON beside them, by absolute path. Decided
 * once and out of the guest's reach, so that no disk is ever probed again.
 *
 * It is shared by all disks of an instance and by Nova, so it is changed under a lock of its own. Should two change it
 * at once all the same, an entry can get lost; platter's record of the image then still tells its format.
 */
import { isHostError, PlatterError } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import { instanceDirectory, locksDirectory } from '../../config/layout.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import type { Host } from '../../ports/host.ts';
import type { NameChange } from '../../workspace/publish.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { linkOnce, renameOnce, writeOwnText } from '../../workspace/once.ts';

const fileName = 'disk.info';
const lockWaitMs = 30_000;

/** Formats by absolute path; empty when there is no such file. */
export async function readDiskInfo(filesystem: Filesystem, directory: string): Promise<Formats> {
  return (await readFormats(filesystem, directory)) ?? {};
}

type Formats = Readonly<Record<string, string>>;

/** Undefined when there is no such file. */
async function readFormats(
  filesystem: Filesystem,
  directory: string,
): Promise<Formats | undefined> {
  const path = `${directory}/${fileName}`;
  const text = await filesystem.readText(path).catch((error: unknown) => {
    if (isHostError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (text.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (isFormats(parsed)) return parsed;
  } catch {
    // Falls through to the error below, which says the same for every kind of damage.
  }
  throw new PlatterError('CORRUPT', 'disk.info cannot be read', {
    details: { path },
    hint: 'it has to hold one JSON object of absolute paths to formats; restore it from a backup',
  });
}

function isFormats(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((format) => typeof format === 'string')
  );
}

/** Sets the format of the disk at `path`, or forgets it (undefined). Not durable before the directory is synced. */
export async function setFormat(
  host: Host,
  config: Config,
  workspace: Workspace,
  instance: string,
  entry: FormatEntry,
): Promise<void> {
  const change = formatChange(host, config, workspace, instance, entry);
  const drafts = await change.draft();
  if (drafts.length > 0) await host.filesystem.sync(...drafts);
  await change.place();
}

interface FormatEntry {
  readonly path: string;
  readonly format: string | undefined;
}

/**
 * The same in two parts. It is done by a link or a rename out of the operation's workspace: who was taken over changes
 * nothing any more. The first entry of an instance needs no lock: a link succeeds only where there is no disk.info yet.
 */
export function formatChange(
  host: Host,
  config: Config,
  workspace: Workspace,
  instance: string,
  entry: FormatEntry,
): NameChange {
  const { filesystem } = host;
  const directory = instanceDirectory(config, instance);
  const first = `${workspace.path}/first-${fileName}`;
  let known: Formats | undefined;
  let isBegun = false;
  return {
    async draft() {
      known = await readFormats(filesystem, directory);
      if (known !== undefined || entry.format === undefined) return [];
      const text = JSON.stringify({ [entry.path]: entry.format });
      await filesystem.createText(first, text, { isDurable: false });
      return [first];
    },
    async place() {
      if (known?.[entry.path] === entry.format) return;
      isBegun = true;
      if (known === undefined && (await linkFirst(filesystem, first, `${directory}/${fileName}`))) {
        return;
      }
      await changeFormats(host, config, workspace, instance, entry);
    },
    async takeBack() {
      if (!isBegun) return;
      const before = { path: entry.path, format: known?.[entry.path] };
      await changeFormats(host, config, workspace, instance, before);
    },
  };
}

async function linkFirst(filesystem: Filesystem, first: string, target: string): Promise<boolean> {
  try {
    await linkOnce(filesystem, first, target);
    return true;
  } catch (error) {
    if (isHostError(error, 'EEXIST')) return false;
    throw error;
  }
}

async function changeFormats(
  host: Host,
  config: Config,
  workspace: Workspace,
  instance: string,
  entry: FormatEntry,
): Promise<void> {
  const directory = instanceDirectory(config, instance);
  const lock = await host.locks.acquire({
    directory: locksDirectory(config),
    name: `disk-info~${instance}`,
    operation: `record the format of ${entry.path}`,
    waitMs: lockWaitMs,
  });
  try {
    const formats = { ...(await readDiskInfo(host.filesystem, directory)) };
    if (formats[entry.path] === entry.format) return;
    if (entry.format === undefined) delete formats[entry.path];
    else formats[entry.path] = entry.format;
    await replace(host.filesystem, workspace, directory, formats);
  } finally {
    await lock.release();
  }
}

async function replace(
  filesystem: Filesystem,
  workspace: Workspace,
  directory: string,
  formats: Record<string, string>,
): Promise<void> {
  const target = `${directory}/${fileName}`;
  const draft = `${workspace.path}/${fileName}`;
  if (Object.keys(formats).length === 0) {
    await renameOnce(filesystem, target, draft);
    return;
  }
  const text = JSON.stringify(formats);
  await writeOwnText(filesystem, draft, text);
  const isThere = async () => (await filesystem.readText(target)) === text;
  await renameOnce(filesystem, draft, target, isThere);
}
