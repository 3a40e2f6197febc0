/** The real side: Node, the installed tools, and a directory of its own. qemu-io is the guest. */
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { nodeHost } from '../../src/adapters/node-host.ts';
import type { Side } from './side.ts';

/** In memory where there is such a place: what is compared does not depend on the disk, and the disk is slow. */
const defaultParent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** XFS reserves space ahead of what is written, and copies shared extents in runs: `runBytes` says how much. */
export async function realSide(parent = defaultParent, runBytes = 4096): Promise<Side> {
  const directory = await mkdtemp(`${parent}/platter-differential-`);
  const host = nodeHost();
  const qemuIo = (
    format: string,
    path: string,
    commands: readonly string[],
    flags: string[] = [],
  ) =>
    host.executor.run({
      file: 'qemu-io',
      args: [...flags, '-f', format, ...commands.flatMap((command) => ['-c', command]), path],
    });
  return {
    name: 'real',
    host,
    directory,
    runBytes,
    async write(path, format, { position, length }, byte) {
      const command = `write -q -P ${byte} ${position} ${length}`;
      return (await qemuIo(format, path, [command])).exitCode === 0;
    },
    async bytesAt(path, format, positions) {
      if (format === 'raw') return rawBytesAt(path, positions);
      const commands = positions.map((position) => `read -v ${position} 1`);
      const { stdout, stderr } = await qemuIo(format, path, commands, ['-r']);
      if (/can't open|Could not open/.test(stderr)) return undefined;
      const found = new Map(
        [...stdout.matchAll(/^([0-9a-f]{8,}):  ([0-9a-f]{2})/gm)].map(([, at = '', byte = '']) => [
          Number.parseInt(at, 16),
          Number.parseInt(byte, 16),
        ]),
      );
      return positions.map((position) => found.get(position) ?? 0);
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

async function rawBytesAt(
  path: string,
  positions: readonly number[],
): Promise<readonly number[] | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const bytes: number[] = [];
    for (const position of positions) {
      const buffer = new Uint8Array(1);
      await handle.read(buffer, 0, 1, position);
      bytes.push(buffer[0] ?? 0);
    }
    return bytes;
  } finally {
    await handle.close();
  }
}
