/** Whether platter can work where its files are, and what the filesystem there can do. */
import type { Config } from '../config/config.ts';
import { locksDirectory, templatesDirectory } from '../config/layout.ts';
import { isHostError, PlatterError, toPlatterError } from '../errors.ts';
import { canShareExtents } from '../images/flat/reflink-probe.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { formatSize } from '../sizes.ts';
import { parentOf, probePath } from '../workspace/area.ts';
import type { Check } from './check.ts';
import { asksForNames, mountOf, type Mount } from './mounts.ts';

export async function checkDirectories(host: Host, config: Config): Promise<readonly Check[]> {
  const { instancesPath } = config;
  const checks = [await checkDirectory(host, 'instances', instancesPath)];
  if (checks[0]?.status === 'problem') return checks;
  for (const [what, path] of [
    ['templates', templatesDirectory(config)],
    ['locks', locksDirectory(config)],
  ] as const) {
    if (await isThere(host, path)) checks.push(await checkDirectory(host, what, path));
  }
  return [...checks, ...(await checkFilesystem(host, config, await nearest(host, instancesPath)))];
}

/** A directory that is missing is made by the first operation: its nearest parent counts. */
async function checkDirectory(host: Host, what: string, path: string): Promise<Check> {
  const id = `directory ${what}`;
  const exists = await isThere(host, path);
  const directory = exists ? path : await nearest(host, path);
  const refusal = await tryWriting(host, directory);
  if (refusal !== undefined) {
    return {
      id,
      status: 'problem',
      message: `platter cannot write to ${directory}: ${refusal}`,
      hint: 'run as a user who may write there, or name another --instances-path',
      details: { path, exists },
    };
  }
  const message = exists ? `${path} can be written to` : `${path} will be made when it is needed`;
  return { id, status: 'ok', message, details: { path, exists } };
}

async function isThere({ filesystem }: Host, path: string): Promise<boolean> {
  try {
    await filesystem.readDirectory(path);
    return true;
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return false;
    if (isHostError(error)) return true;
    throw error;
  }
}

async function nearest(host: Host, path: string): Promise<string> {
  let directory = path;
  while (directory !== '/' && !(await isThere(host, directory))) directory = parentOf(directory);
  return directory;
}

/** Why nothing can be made in a directory; undefined when something can. */
async function tryWriting({ filesystem, random }: Host, directory: string) {
  const probe = probePath(directory, random.id());
  try {
    await filesystem.createText(probe, '', { isDurable: false });
    await filesystem.unlink(probe);
    return undefined;
  } catch (error) {
    if (!isHostError(error)) throw error;
    return toPlatterError(error, 'write').message.replace('cannot write: ', '');
  }
}

const fewBytes = 1024 ** 3;

async function checkFilesystem(host: Host, config: Config, directory: string) {
  const { totalBytes, availableBytes } = await host.filesystem.space(directory);
  const isNearlyFull = availableBytes < fewBytes;
  const space: Check = {
    id: 'filesystem space',
    status: isNearlyFull ? 'warning' : 'ok',
    message: `${formatSize(availableBytes)} of ${formatSize(totalBytes)} are free`,
    ...(isNearlyFull ? { hint: 'platter template prune --dry-run lists unused templates' } : {}),
    details: { totalBytes, availableBytes },
  };
  return [
    space,
    ...(await checkNames(host, directory)),
    await checkReflinks(host, directory),
    await checkReservation(host, config, directory),
    await checkDirectIo(host, directory),
  ];
}

/** Only NFS has clients that go by names that are others' by now. */
async function checkNames({ filesystem }: Host, directory: string): Promise<readonly Check[]> {
  const mount = await mountUnder(filesystem, directory);
  if (mount === undefined || !/^nfs4?$/.test(mount.type)) return [];
  const isSafe = asksForNames(mount);
  return [
    {
      id: 'filesystem names',
      status: isSafe ? 'ok' : 'warning',
      message: isSafe
        ? `${mount.mountPoint} (NFS) asks the server about every name`
        : `${mount.mountPoint} (NFS) trusts its cache of names: a host that stood still may go on with what another host has taken over`,
      ...(isSafe ? {} : { hint: 'where several hosts share it: mount it with lookupcache=none' }),
      details: { mountPoint: mount.mountPoint, options: mount.options },
    },
  ];
}

async function mountUnder(filesystem: Filesystem, directory: string): Promise<Mount | undefined> {
  try {
    // Of what a link leads to.
    const { device } = await filesystem.stat(`${directory}/.`);
    return mountOf(await filesystem.readText('/proc/self/mountinfo'), device);
  } catch (error) {
    if (isHostError(error)) return undefined;
    throw error;
  }
}

async function checkReflinks(host: Host, directory: string): Promise<Check> {
  const isAble = await canShareExtents(host, directory);
  return {
    id: 'filesystem reflinks',
    status: 'ok',
    message: isAble
      ? 'files share their data: flat disks are made at once, and have snapshots'
      : 'files cannot share their data: flat disks are copies, without snapshots',
    ...(isAble ? {} : { hint: 'XFS and btrfs have reflinks; qcow2 disks need none' }),
    details: { isAble },
  };
}

async function checkReservation(host: Host, config: Config, directory: string): Promise<Check> {
  const isAble = await canReserve(host, directory);
  const isWanted = config.preallocateImages === 'space';
  return {
    id: 'filesystem reservation',
    status: isAble || !isWanted ? 'ok' : 'warning',
    message: `the space of disks can${isAble ? '' : 'not'} be reserved (fallocate)`,
    ...(isAble || !isWanted
      ? {}
      : { hint: 'preallocate_images = "none", or a filesystem that has fallocate' }),
    details: { isAble, isWanted },
  };
}

async function canReserve({ filesystem, random }: Host, directory: string): Promise<boolean> {
  const probe = probePath(directory, random.id());
  try {
    await filesystem.createText(probe, '', { isDurable: false });
    await filesystem.allocate(probe, 4096);
    return true;
  } catch (error) {
    // A tool that is missing has a check of its own.
    if (isHostError(error) || PlatterError.is(error)) return false;
    throw error;
  } finally {
    await filesystem.removeTree(probe);
  }
}

async function checkDirectIo({ filesystem }: Host, directory: string): Promise<Check> {
  const isAble = await filesystem.supportsDirectIo(directory);
  return {
    id: 'filesystem direct I/O',
    status: 'ok',
    message: isAble
      ? 'files can be opened past the page cache (cache="none")'
      : 'files cannot be opened past the page cache: disks are given cache="writeback"',
    details: { isAble },
  };
}
