/**
 * A file that is there for its space. An operation that gives space back needs some itself: a lock, a workspace, what it
 * writes down. Where nothing is left it spends this file, and keeps another one back when it is done.
 */
import { isHostError, PlatterError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { statOrNothing } from './once.ts';

/** Some ten times what one operation takes where blocks have 4 KiB, and enough for one where they have 64. */
const reserveBytes = 256 * 1024;

let text: string | undefined;

/** Always the same, and without repetition: of its space filesystems that compress leave half. */
function reserveText(): string {
  text ??= noise(reserveBytes);
  return text;
}

/** Words of 32 bits in hexadecimal digits: xorshift (Marsaglia, 2003). */
function noise(bytes: number): string {
  const words: string[] = [];
  let state = 2_463_534_242;
  while (words.length < bytes / 8) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words.push((state >>> 0).toString(16).padStart(8, '0'));
  }
  return words.join('');
}

/** As well as can be done: nothing depends on it while there is space. */
export async function keepReserve({ filesystem }: Host, path: string): Promise<void> {
  try {
    const stat = await statOrNothing(filesystem, path);
    if (stat?.sizeBytes === reserveBytes && stat.allocatedBytes > 0) return;
    // Torn by a power cut, or without its blocks: it is not synced.
    if (stat !== undefined) await filesystem.removeTree(path);
    await filesystem.createText(path, reserveText(), { permissions: 0o600, isDurable: false });
  } catch (error) {
    // Somebody else has made one just now, or there is no room for it.
    if (!isHostError(error)) throw error;
  }
}

/** Does `act`; where space is wanting for it, once more with what was kept back at `path`. */
export async function withReserve<Result>(
  host: Host,
  path: string,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (!isOutOfSpace(error) || !(await spend(host.filesystem, path))) throw error;
  }
  try {
    return await act();
  } finally {
    await keepReserve(host, path);
  }
}

/** And nothing of what was to be done is done, or left to somebody else. */
function isOutOfSpace(error: unknown): boolean {
  if (!PlatterError.is(error) || error.code !== 'NO_SPACE') return false;
  return [undefined, 'undone'].includes(error.details['undo'] as string | undefined);
}

/** False where none was kept, or somebody else has just spent it. */
async function spend(filesystem: Filesystem, path: string): Promise<boolean> {
  try {
    await filesystem.unlink(path);
    return true;
  } catch (error) {
    if (isHostError(error)) return false;
    throw error;
  }
}
