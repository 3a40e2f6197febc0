/**
 * The filesystem port of a simulated process.
 *
 * Each call takes effect at one moment. Calls of several parts (a small file that is made, written and synced; a tree
 * that is removed) can be cut off between the parts by the death of the process. Fault model: errno before any effect;
 * an effect whose answer is lost, and that is repeated (NFS) or told as a failure (NFS, mounted soft); a sync that fails
 * and has dropped what it should have kept.
 */
import type {
  CreateTextOptions,
  DirectoryEntry,
  FileEnds,
  FileHandle,
  Filesystem,
  FileStat,
  NamedText,
  OpenFile,
} from '../src/ports/filesystem.ts';
import type { Fault } from './faults/fault.ts';
import type { SimProcess } from './process.ts';
import { clear } from './volume/content.ts';
import { errno } from './volume/errno.ts';
import { hostPath } from './host-path.ts';
import {
  failBefore,
  isUnanswered,
  SimFileHandle,
  SimOpenFile,
  statOf,
  syncInode,
} from './file-handle.ts';
import { readContent, truncateContent } from './volume/file-content.ts';
import type { Inode } from './volume/inode.ts';
import type { Volume } from './volume/volume.ts';
import type { World } from './world.ts';

const readTextMaxBytes = 1024 * 1024;

export class SimFilesystem implements Filesystem {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #volume: Volume;

  constructor(world: World, process: SimProcess) {
    this.#world = world;
    this.#process = process;
    this.#volume = world.volume;
  }

  #call<Value>(
    name: string,
    path: string,
    effect: (volume: Volume, fault: Fault | undefined) => Value,
  ): Promise<Value> {
    return this.#world.call(this.#process, `filesystem.${name}`, path, (fault) => {
      if (fault !== undefined) failBefore(fault, path);
      const answer = effect(this.#volume, fault);
      if (isUnanswered(fault)) throw errno('EIO', path);
      return answer;
    });
  }

  /** A change of names, which a server may be asked for twice when its answer is lost. */
  #change(name: string, path: string, effect: (volume: Volume) => void): Promise<void> {
    return this.#call(name, path, (volume, fault) => {
      effect(volume);
      if (fault?.kind === 'retransmitted') effect(volume);
    });
  }

  openRead(path: string, ends: FileEnds = {}): Promise<OpenFile> {
    return this.#call('open read', path, (volume) => {
      const inode = volume.find(path);
      if (inode.kind === 'symlink') throw errno('ELOOP', path);
      volume.client?.forget(inode);
      return new SimOpenFile({ world: this.#world, process: this.#process, path, inode }, ends);
    });
  }

  open(path: string, mode: 'write' | 'create', permissions = 0o644): Promise<FileHandle> {
    return this.#call(`open ${mode}`, path, (volume) => {
      const inode =
        mode === 'create' ? volume.create(path, 'file', permissions, '') : volume.find(path);
      if (inode.kind === 'symlink') throw errno('ELOOP', path);
      if (inode.kind === 'directory') throw errno('EISDIR', path);
      return new SimFileHandle({ world: this.#world, process: this.#process, path, inode });
    });
  }

  stat(path: string): Promise<FileStat> {
    return this.#call('stat', path, (volume) => {
      const inode = volume.find(path, 'seen');
      const now = () => statOf(volume, inode);
      return volume.client?.attributes(inode, now) ?? now();
    });
  }

  readDirectory(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#call('readDirectory', path, (volume) =>
      volume
        .list(hostPath(this.#process.machine.index, path))
        .map(([name, { kind }]): DirectoryEntry => ({ name, kind }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }

  readText(path: string, maxBytes = readTextMaxBytes): Promise<string> {
    return this.#call('readText', path, (volume) =>
      textOf(volume, hostPath(this.#process.machine.index, path), maxBytes),
    );
  }

  readTexts(directory: string, maxBytes = readTextMaxBytes): Promise<readonly NamedText[]> {
    return this.#call('readTexts', directory, (volume) =>
      volume
        .list(directory)
        .filter(([, { kind }]) => kind === 'file')
        .map(([name]) => ({ name, text: textOf(volume, `${directory}/${name}`, maxBytes) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }

  readBytes(path: string, position: number, length: number): Promise<Uint8Array> {
    return this.#call('readBytes', path, (volume) => {
      const buffer = new Uint8Array(length);
      const content = volume.content(volume.findFile(path));
      return buffer.subarray(0, readContent(content, buffer, position, volume.images));
    });
  }

  createText(
    path: string,
    text: string,
    { permissions = 0o644, isDurable = true }: CreateTextOptions = {},
  ): Promise<void> {
    return this.#call('createText', path, (volume, fault) => {
      const parts = partsDone(fault);
      const inode = volume.create(path, 'file', permissions, '');
      if (parts === 1) return;
      try {
        volume.setContent(inode, text, path);
      } catch (error) {
        volume.unlink(path);
        throw error;
      }
      if (parts === 2) return;
      if (isDurable) volume.sync(inode);
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#change('makeDirectory', path, (volume) => {
      volume.create(path, 'directory', 0o755);
    });
  }

  removeDirectory(path: string): Promise<void> {
    return this.#change('removeDirectory', path, (volume) => volume.removeDirectory(path));
  }

  removeTree(path: string): Promise<void> {
    return this.#call('removeTree', path, (volume, fault) => {
      let left = partsDone(fault);
      const remove = (target: string) => {
        const inode = volume.peek(target);
        if (inode === undefined || left === 0) return;
        if (inode.kind === 'directory') {
          for (const [name] of volume.list(target)) remove(`${target}/${name}`);
        }
        if (left === 0) return;
        left -= 1;
        if (inode.kind === 'directory') volume.removeDirectory(target);
        else volume.unlink(target);
      };
      remove(path);
    });
  }

  rename(source: string, target: string): Promise<void> {
    return this.#change('rename', `${source} ${target}`, (volume) => volume.rename(source, target));
  }

  link(source: string, target: string): Promise<void> {
    return this.#change('link', `${source} ${target}`, (volume) => volume.link(source, target));
  }

  unlink(path: string): Promise<void> {
    return this.#change('unlink', path, (volume) => volume.unlink(path));
  }

  truncate(path: string, sizeBytes: number): Promise<void> {
    return this.#call('truncate', path, (volume) => {
      const inode = volume.findFile(path);
      volume.setContent(inode, truncateContent(volume.content(inode), sizeBytes), path);
    });
  }

  setPermissions(path: string, permissions: number): Promise<void> {
    return this.#call('setPermissions', path, (volume) => {
      volume.find(path).mode = permissions;
    });
  }

  /** Owners are not modelled. */
  copyPermissions(source: string, target: string): Promise<void> {
    return this.#call('copyPermissions', target, (volume) => {
      volume.find(target).mode = volume.find(source).mode;
    });
  }

  touch(path: string): Promise<void> {
    return this.#call('touch', path, (volume) => {
      volume.find(path).modifiedMs = volume.nowMs;
    });
  }

  /** One that fails does so at the first path; a process that dies has synced some of them. */
  sync(...paths: readonly string[]): Promise<void> {
    return this.#world.call(this.#process, 'filesystem.sync', paths.join(' '), (fault) => {
      for (const path of paths.slice(0, partsDone(fault))) {
        syncInode(this.#volume, this.#volume.find(path), fault);
      }
    });
  }

  syncDirectory(...paths: readonly string[]): Promise<void> {
    return this.#world.call(this.#process, 'filesystem.syncDirectory', paths.join(' '), (fault) => {
      if (fault !== undefined) failBefore(fault, paths[0] ?? '');
      if (fault?.kind === 'lies') return;
      for (const path of paths.slice(0, partsDone(fault))) this.#volume.syncDirectory(path);
    });
  }

  clone(source: string, target: string): Promise<void> {
    return this.#call('clone', target, (volume) => volume.clone(volume.findFile(source), target));
  }

  allocate(path: string, lengthBytes: number): Promise<void> {
    return this.#call('allocate', path, (volume) => {
      const inode = volume.findFile(path);
      if (!volume.options.hasFallocate) throw errno('EOPNOTSUPP', path);
      volume.reserve(inode, lengthBytes, path);
    });
  }

  punchHole(path: string, position: number, lengthBytes: number): Promise<void> {
    return this.#call('punchHole', path, (volume) => {
      if (!volume.options.hasFallocate) throw errno('EOPNOTSUPP', path);
      const inode = volume.findFile(path);
      const content = volume.content(inode);
      if (content.kind !== 'raw') return;
      volume.unreserve(inode);
      volume.setContent(inode, clear(content, position, position + lengthBytes), path);
    });
  }

  space(path: string) {
    return this.#call('space', path, (volume) => {
      volume.find(path);
      const { capacityBytes } = volume;
      return { totalBytes: capacityBytes, availableBytes: capacityBytes - volume.usedBytes };
    });
  }

  supportsDirectIo(directory: string): Promise<boolean> {
    return this.#call(
      'supportsDirectIo',
      directory,
      (volume) => volume.peek(directory) !== undefined,
    );
  }
}

/** How many parts of a call are done before its process dies; Infinity when it lives. */
function partsDone(fault: Fault | undefined): number {
  const isDeath = fault?.kind === 'kill process' || fault?.kind === 'cut power';
  return isDeath ? (fault.amount ?? 0) : Infinity;
}

function textOf(volume: Volume, path: string, maxBytes: number): string {
  const inode = volume.findFile(path);
  const size = volume.sizeBytes(inode);
  if (size > maxBytes) throw errno('EFBIG', path);
  return volume.text(inode) ?? Buffer.from(readAll(volume, inode, size)).toString();
}

function readAll(volume: Volume, inode: Inode, size: number): Uint8Array {
  const buffer = new Uint8Array(size);
  readContent(volume.content(inode), buffer, 0, volume.images);
  return buffer;
}
