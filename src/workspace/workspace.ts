/**
 * Workspaces: the private directory of one operation on one name, and the fence around it.
 *
 * Everything that an operation makes is made in here, and every change that others can see is a rename or a link out of
 * here (or a tool run on a hard link in here). Whoever works on the name next first moves leftover workspaces away.
 * An operation that was paused, lost its lock and wakes up then finds its paths gone and fails, instead of changing what
 * meanwhile belongs to somebody else: the lock saves work, the workspace keeps it right.
 *
 * What a workspace holds besides an intent is rubbish to everybody but its owner.
 */
import { afterwards, isHostError, PlatterError, reporting } from '../errors.ts';
import type { ImageAddress } from '../names.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { Random } from '../ports/random.ts';
import {
  areaPath,
  baseNameOf,
  listDirectory,
  makeDirectories,
  parentOf,
  workPath,
} from './area.ts';
import { makeOwnDirectory, renameOnce, statAnew, unlinkOnce, writeOwnText } from './once.ts';

export interface Workspace {
  readonly directory: string;
  readonly name: string;
  readonly id: string;
  readonly path: string;
  /** The operation that made it: another than `id` when it was taken over. */
  readonly originId: string;
}

/** What an operation that changes something in place is about to do, for whoever has to finish or undo it. */
export interface Intent {
  readonly operation: string;
  readonly startedAt: string;
  readonly [key: string]: unknown;
}

const intentFile = 'intent.json';
const attemptsMax = 10;

/** A workspace that is not made yet: plans can name its paths. */
export function newWorkspace(random: Random, directory: string, name: string): Workspace {
  const id = random.id();
  return { directory, name, id, path: workPath(directory, name, id), originId: id };
}

/** The disk that a workspace in the directory of an instance is of. */
export function imageOf({ directory, name }: Workspace): ImageAddress {
  return { instance: baseNameOf(directory), disk: name };
}

/**
 * Makes the workspace, and the directory with it when that is missing. Neither survives a power cut for certain, nor has
 * to: nothing is in them before something is published or an intent is written.
 */
export async function makeWorkspace(filesystem: Filesystem, workspace: Workspace): Promise<void> {
  const { directory, path } = workspace;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    try {
      await makeOwnDirectory(filesystem, path);
      return;
    } catch (error) {
      if (!isHostError(error, 'ENOENT')) throw error;
      await makeArea(filesystem, directory);
    }
  }
  throw new PlatterError(
    'LOCKED',
    `the directory of "${workspace.name}" is removed again and again`,
    {
      details: { directory },
    },
  );
}

async function makeArea(filesystem: Filesystem, directory: string): Promise<void> {
  for (const path of [directory, areaPath(directory)]) {
    try {
      await filesystem.makeDirectory(path);
    } catch (error) {
      if (isHostError(error, 'ENOENT')) return makeDirectories(filesystem, parentOf(path));
      if (!isHostError(error, 'EEXIST')) throw error;
    }
  }
}

/** Writes down, durably, what is about to be done in place. */
export async function writeIntent(
  filesystem: Filesystem,
  workspace: Workspace,
  intent: Intent,
): Promise<void> {
  await filesystem.createText(`${workspace.path}/${intentFile}`, JSON.stringify(intent), {
    permissions: 0o600,
  });
  await filesystem.syncDirectory(workspace.path, areaPath(workspace.directory));
}

/** Writes down what comes next in the place of what an intent says: at any moment one of the two is there. */
export async function replaceIntent(
  filesystem: Filesystem,
  workspace: Workspace,
  intent: Intent,
): Promise<void> {
  const next = `${workspace.path}/${intentFile}.next`;
  await writeOwnText(filesystem, next, JSON.stringify(intent), { permissions: 0o600 });
  await renameOnce(filesystem, next, `${workspace.path}/${intentFile}`);
  await filesystem.syncDirectory(workspace.path);
}

/** The intended change is whole and durable: from here on nobody must repeat or undo it. */
export async function completeIntent(filesystem: Filesystem, workspace: Workspace): Promise<void> {
  await removeIntent(filesystem, workspace);
  await afterwards(syncWorkspace(filesystem, workspace));
}

/**
 * The intended change is not to be carried on: nothing of it was done, or it was taken back, or a later step is to do
 * without.
 */
export async function abandonIntent(filesystem: Filesystem, workspace: Workspace): Promise<void> {
  await removeIntent(filesystem, workspace);
  await syncWorkspace(filesystem, workspace);
}

function removeIntent(filesystem: Filesystem, { path }: Workspace): Promise<void> {
  return unlinkOnce(filesystem, `${path}/${intentFile}`);
}

function syncWorkspace(filesystem: Filesystem, { name, path }: Workspace): Promise<void> {
  return reporting(`finish with ${name}`, () => filesystem.syncDirectory(path));
}

/** The intent of a workspace; undefined where none was written whole. */
export async function readIntent(
  filesystem: Filesystem,
  workspace: Pick<Workspace, 'path'>,
): Promise<Intent | undefined> {
  try {
    const parsed: unknown = JSON.parse(
      await filesystem.readText(`${workspace.path}/${intentFile}`),
    );
    return typeof parsed === 'object' && parsed !== null ? (parsed as Intent) : undefined;
  } catch (error) {
    // An intent that a power cut tore was not acted upon: acting waits until it is durable.
    if (error instanceof SyntaxError || isHostError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Of an operation that this version knows nothing of: what it left stays as it is. */
export function unknownOperation({ path }: Workspace, { operation }: Intent): PlatterError {
  return new PlatterError('CORRUPT', `unknown interrupted operation ${operation}`, {
    details: { workspace: path },
    hint: 'another version of platter began it: use that one to recover',
  });
}

/** Workspaces on `name` that their operations left behind; on every name when none is given. */
export async function leftoverWorkspaces(
  filesystem: Filesystem,
  directory: string,
  name?: string,
): Promise<readonly Workspace[]> {
  const leftovers: Workspace[] = [];
  for (const entry of await listDirectory(filesystem, areaPath(directory))) {
    const [, subject, id, originId = id] =
      /^([^~]+)~([0-9a-f]+?)([0-9a-f]{16})?\.work$/.exec(entry.name) ?? [];
    if (subject === undefined || id === undefined || originId === undefined) continue;
    if (name !== undefined && subject !== name) continue;
    const path = `${areaPath(directory)}/${entry.name}`;
    leftovers.push({ directory, name: subject, id, path, originId });
  }
  return leftovers;
}

/**
 * Takes a leftover over: from here on its former owner can do nothing with it. Undefined when somebody else was faster.
 * Its name goes on telling who made it: who takes it over may die as well, and the next has to know whose record is there.
 */
export async function takeOver(
  filesystem: Filesystem,
  random: Random,
  leftover: Workspace,
): Promise<Workspace | undefined> {
  const id = random.id();
  const { directory, name, originId } = leftover;
  const path = workPath(directory, name, `${id}${originId}`);
  try {
    await renameOnce(filesystem, leftover.path, path);
    return { ...leftover, id, path };
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** ENOENT or ESTALE once somebody took this operation for dead (`isTakenOver`). */
export async function requireOwn(filesystem: Filesystem, { path }: Workspace): Promise<void> {
  await statAnew(filesystem, path);
}

/** Whether somebody took this operation for dead, and finishes or undoes it. */
export async function isTakenOver(filesystem: Filesystem, workspace: Workspace): Promise<boolean> {
  try {
    await requireOwn(filesystem, workspace);
    return false;
  } catch (error) {
    return isHostError(error, 'ENOENT', 'ESTALE');
  }
}
