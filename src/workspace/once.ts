/**
 * Changes of names whose answer may be lost. An NFS client that hears none asks again, and a server that has forgotten the
 * first time then says that the target exists, or that the source does not; one that is mounted soft gives up, and tells
 * that as a failure (nfs(5)). These functions look whether it has come about; OUTCOME_UNKNOWN where the server does not
 * answer that either. (Exclusive creation of files needs no such care for repetitions: the protocol itself tells them.)
 */
import { isHostError, PlatterError, type HostError } from '../errors.ts';
import type { CreateTextOptions, Filesystem, FileStat } from '../ports/filesystem.ts';

/** Makes a directory whose name is nobody else's. */
export async function makeOwnDirectory(filesystem: Filesystem, path: string): Promise<void> {
  try {
    await filesystem.makeDirectory(path);
  } catch (error) {
    if (isHostError(error, 'EEXIST')) return;
    if (!isUnanswered(error) || !(await exists(filesystem, path))) throw error;
  }
}

/** Writes a file whose name is nobody else's: what an attempt has left that got no further goes first. */
export async function writeOwnText(
  filesystem: Filesystem,
  path: string,
  text: string,
  options?: CreateTextOptions,
): Promise<void> {
  try {
    await filesystem.createText(path, text, options);
  } catch (error) {
    if (!isHostError(error, 'EEXIST')) throw error;
    await filesystem.removeTree(path);
    await filesystem.createText(path, text, options);
  }
}

/** EEXIST when `target` is another file. */
export async function linkOnce(
  filesystem: Filesystem,
  source: string,
  target: string,
): Promise<void> {
  try {
    await filesystem.link(source, target);
  } catch (error) {
    if (!isHostError(error, 'EEXIST') && !isUnanswered(error)) throw error;
    if (!(await look(error, () => isSameFile(filesystem, source, target)))) throw error;
  }
}

/**
 * ENOENT when `source` is gone and `isDone` finds no trace of this very rename. By default the target's existence is the
 * trace, which is right where its name is nobody else's.
 */
export async function renameOnce(
  filesystem: Filesystem,
  source: string,
  target: string,
  isDone: () => Promise<boolean> = () => exists(filesystem, target),
): Promise<void> {
  try {
    await filesystem.rename(source, target);
  } catch (error) {
    if (!isHostError(error, 'ENOENT') && !isUnanswered(error)) throw error;
    const isLeft = async () => isUnanswered(error) && (await exists(filesystem, source));
    if (!(await look(error, async () => !(await isLeft()) && (await isDone())))) throw error;
  }
}

/** For `renameOnce`: whether the file that is being renamed stands at the target. */
export function standsAt(
  filesystem: Filesystem,
  target: string,
  { device, inode }: FileStat,
): () => Promise<boolean> {
  return async () => {
    const stat = await statOrNothing(filesystem, target);
    return stat?.device === device && stat.inode === inode;
  };
}

export async function unlinkOnce(filesystem: Filesystem, path: string): Promise<void> {
  try {
    await filesystem.unlink(path);
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return;
    if (!isUnanswered(error)) throw error;
    if (!(await look(error, async () => !(await exists(filesystem, path))))) throw error;
  }
}

/** Whether a change has come about that failed so. */
async function look(failure: unknown, isDone: () => Promise<boolean>): Promise<boolean> {
  try {
    return await isDone();
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    throw new PlatterError('OUTCOME_UNKNOWN', 'nobody can tell what is done: no file answers', {
      details: { errno: error.code, path: error.path },
      hint: 'platter recover finishes or undoes what was begun, once the server of the files answers',
      cause: failure,
    });
  }
}

/** By default a soft mount says EIO when it gives up, and with `softerr` ETIMEDOUT. */
function isUnanswered(error: unknown): error is HostError {
  return isHostError(error, 'EIO', 'ETIMEDOUT');
}

async function isSameFile(filesystem: Filesystem, a: string, b: string): Promise<boolean> {
  const stat = await statOrNothing(filesystem, a);
  return stat !== undefined && (await standsAt(filesystem, b, stat)());
}

export async function exists(filesystem: Filesystem, path: string): Promise<boolean> {
  return (await statOrNothing(filesystem, path)) !== undefined;
}

/** Undefined when nothing stands there. */
export async function statOrNothing(
  filesystem: Filesystem,
  path: string,
): Promise<FileStat | undefined> {
  try {
    return await statAnew(filesystem, path);
  } catch (error) {
    if (isHostError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** A server that has forgotten what a name stood for looks it up anew when it is asked again. */
export async function statAnew(filesystem: Filesystem, path: string): Promise<FileStat> {
  try {
    return await filesystem.stat(path);
  } catch (error) {
    if (!isHostError(error, 'ESTALE')) throw error;
    return filesystem.stat(path);
  }
}
