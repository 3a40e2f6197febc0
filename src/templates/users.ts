/**
 * Who leans on templates, and on disks: what the images on disk really name, whatever any record says. When in doubt a
 * file is in use: a template that is kept for nothing costs space, one that is missing costs disks.
 */
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import { isHostError, PlatterError } from '../errors.ts';
import { readDiskInfo } from '../images/files/disk-info.ts';
import { isName } from '../names.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import { baseNameOf, parentOf } from '../workspace/area.ts';
import { statOrNothing } from '../workspace/once.ts';
import { readRecord } from '../workspace/record.ts';
import {
  BackingChains,
  headerGone,
  isBare,
  type Chain,
  type ChainFile,
  type Step,
} from './backing-chain.ts';
import { instanceFiles, type InstanceFile } from './instance-files.ts';

/** A file below the instances path, and what it leans on. */
export interface BackingReference extends Chain {
  /** `<instance>/<disk>` */
  readonly image: string;
  readonly path: string;
}

export interface User {
  /** `<instance>/<disk>`, or another file or directory below the instances path. */
  readonly image: string;
  readonly path: string;
  /** As what it opens the file that was asked about; absent where it does not say. */
  readonly format?: string | undefined;
  /** Why nobody can tell what it leans on; absent where that is known. */
  readonly doubt?: string;
}

/** Every file below the instances path that leans on another, or of which nobody can tell. */
export async function backingReferences(
  filesystem: Filesystem,
  config: Config,
): Promise<readonly BackingReference[]> {
  const chains = new BackingChains(filesystem, config);
  const references: BackingReference[] = [];
  for (const file of await instanceFiles(filesystem, config)) {
    const chain = await chainOf(filesystem, config, chains, file);
    if (chain.files.length === 0 && chain.doubt === undefined) continue;
    references.push({ image: file.name, path: file.path, ...chain });
  }
  return references;
}

async function chainOf(
  filesystem: Filesystem,
  config: Config,
  chains: BackingChains,
  { path, doubt }: InstanceFile,
): Promise<Chain> {
  if (doubt !== undefined) return { files: [], doubt };
  const first = await chains.first(path);
  try {
    return await chainFrom(filesystem, config, chains, { path, first });
  } catch (error) {
    if (!isHostError(error, 'EACCES', 'EPERM')) throw error;
    return { files: [], doubt: `its record cannot be read (${error.code})` };
  }
}

async function chainFrom(
  filesystem: Filesystem,
  config: Config,
  chains: BackingChains,
  { path, first }: { path: string; first: Step },
): Promise<Chain> {
  if (first.kind === 'end') {
    const isDamaged = isBare(first) && (await recordedFormat(filesystem, path)) === 'qcow2';
    return isDamaged ? { files: [], doubt: headerGone } : { files: [] };
  }
  const isOfStore = first.kind === 'file' && parentOf(first.path) === templatesDirectory(config);
  // A guest writes what it likes into a raw disk, names of files too: it must not send anybody over the host by it.
  if (!isOfStore && (await recordedFormat(filesystem, path)) === 'raw') {
    return { files: first.kind === 'file' ? [{ ...first, stat: undefined }] : [] };
  }
  return chains.follow(first);
}

/** From platter's record, else from disk.info; undefined where neither tells. */
async function recordedFormat(filesystem: Filesystem, path: string): Promise<unknown> {
  const directory = parentOf(path);
  try {
    const name = baseNameOf(path);
    const record = isName('disk', name)
      ? await readRecord<{ format?: unknown }>(filesystem, directory, name)
      : undefined;
    if (record !== undefined) return record.content.format;
    return (await readDiskInfo(filesystem, directory))[path];
  } catch (error) {
    if (PlatterError.is(error) && error.code === 'CORRUPT') return undefined;
    throw error;
  }
}

/** The images that lean on the file at `path`, also through others; sorted. */
export async function usersOf(
  filesystem: Filesystem,
  config: Config,
  path: string,
  references?: readonly BackingReference[],
): Promise<readonly User[]> {
  const all = references ?? (await backingReferences(filesystem, config));
  if (all.length === 0) return [];
  const target = { path, stat: await statOrNothing(filesystem, path) };
  return all.flatMap((reference) => asUser(config, reference, target)).sort(byImage);
}

type Target = Pick<ChainFile, 'path' | 'stat'>;

function asUser(
  config: Config,
  { image, path, files, doubt }: BackingReference,
  target: Target,
): User[] {
  // Whatever it leans on, it does not lean on itself.
  if (path === target.path) return [];
  const found = files.find((file) => isSame(config, file, target));
  if (found !== undefined) return [{ image, path, format: found.format }];
  return doubt === undefined ? [] : [{ image, path, doubt }];
}

function byImage(a: User, b: User): number {
  return a.image < b.image ? -1 : 1;
}

/**
 * The same path, the same file by another path, or a path that leads nowhere from here but ends like a template's (a
 * directory that is mounted elsewhere today).
 */
function isSame(config: Config, file: ChainFile, target: Target): boolean {
  if (file.path === target.path) return true;
  if (file.stat === undefined) {
    const isTemplate = parentOf(target.path) === templatesDirectory(config);
    const ending = `/${config.imageCache.subdirectoryName}/${baseNameOf(target.path)}`;
    return isTemplate && file.path.endsWith(ending);
  }
  return file.stat.device === target.stat?.device && file.stat.inode === target.stat.inode;
}

/** What keeps something from going, for people; undefined where nothing does. */
export function describeUse(users: readonly Pick<User, 'image' | 'doubt'>[]) {
  if (users.length === 0) return undefined;
  const known = users.filter(({ doubt }) => doubt === undefined).map(({ image }) => image);
  const doubtful = users.find(({ doubt }) => doubt !== undefined);
  const details = { usedBy: users.map(({ image }) => image), doubts: doubtsOf(users) };
  if (known.length === 0 && doubtful !== undefined) {
    const { image, doubt } = doubtful;
    return {
      message: `nobody can tell what ${image} leans on: ${doubt}`,
      hint: `mount what is missing, or flatten or delete ${image}, and try again`,
      details,
    };
  }
  const others = known.length > 3 ? ' and others' : '';
  return {
    message: `${known.length} image${known.length === 1 ? ' leans' : 's lean'} on it`,
    hint: `flatten or delete ${known.slice(0, 3).join(', ')}${others} first`,
    details,
  };
}

function doubtsOf(
  users: readonly Pick<User, 'image' | 'doubt'>[],
): Readonly<Record<string, string>> | undefined {
  const doubts = users.flatMap(({ image, doubt }) => (doubt === undefined ? [] : [[image, doubt]]));
  return doubts.length === 0 ? undefined : (Object.fromEntries(doubts) as Record<string, string>);
}
