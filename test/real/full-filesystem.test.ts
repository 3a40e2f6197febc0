/** Small filesystems of the kernel, filled to the brim. Needs root. */
import { mkdtemp, open, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Host } from '../../src/ports/host.ts';
import { fullFilesystemContract } from '../contract/full-filesystem.contract.ts';
import { makeImage, run } from './file-images.ts';
import { loopMount } from './loop-mount.ts';
import { realWorld } from './real-world.ts';

fullFilesystemContract('tmpfs', async () => {
  const mount = await mkdtemp(`${tmpdir()}/platter-full-`);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount]);
  const world = await realWorld(mount)();
  return {
    ...world,
    async dispose() {
      await world.dispose();
      await run('umount', [mount]);
      await rmdir(mount);
    },
  };
});

/** As root, who may use what is kept back for root. */
async function fill(host: Host, directory: string): Promise<void> {
  for (const bs of ['1M', '4k', '512']) {
    const args = ['if=/dev/zero', `of=${directory}/fill${bs}`, `bs=${bs}`];
    const filled = await host.executor.run({ file: 'dd', args });
    expect(filled.stderr).toContain('No space left on device');
  }
}

test('on ext4, where directories take space too', async () => {
  const ext4 = await loopMount('ext4', '64M');
  try {
    const path = (name: string) => `${ext4.directory}/${name}`;
    const host = nodeHost();
    const backend = new Backend({ host, config: { instancesPath: path('instances') } });
    await makeImage(path('t.raw'), 'raw', 8 * 2 ** 20);
    await run('qemu-io', ['-f', 'raw', '-c', 'write -P 7 0 1M', path('t.raw')]);
    await backend.templates.add('t', path('t.raw'));
    const disk = backend.image({ id: 'vm1' }, 'disk');
    await disk.createImage({ template: 't', sizeBytes: 32 * 2 ** 20 });
    await disk.createSnap('s');
    await fill(host, ext4.directory);
    await expect(
      backend.image({ id: 'vm2' }, 'disk').createImage({ template: 't' }),
    ).rejects.toThrow(/no space left/);
    await disk.removeSnap('s');
    await disk.destroy();
    await backend.templates.delete('t');
    expect(await backend.audit()).toEqual([]);
  } finally {
    await ext4.dispose();
  }
});

test('a growth for which no space can be reserved changes nothing, or gives back what it took', async () => {
  const ext4 = await loopMount('ext4', '64M');
  try {
    const host = nodeHost();
    const { filesystem } = host;
    const config = {
      instancesPath: `${ext4.directory}/instances`,
      preallocateImages: 'space',
    } as const;
    const sizeBytes = 200 * 2 ** 20;
    const disk = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'flat');
    await disk.createImage({ sizeBytes: 2 ** 20 });
    await expect(disk.resizeImage(sizeBytes)).rejects.toThrow(/^199 MiB is needed, .* is free$/);
    expect(await disk.info()).toMatchObject({ virtualSizeBytes: 2 ** 20 });

    // Somebody else takes the space in the very moment.
    const before = await filesystem.space(ext4.directory);
    const space = () => Promise.resolve({ ...before, availableBytes: sizeBytes });
    const raced = { ...host, filesystem: { ...filesystem, space } };
    const again = new Backend({ host: raced, config }).image({ id: 'vm1' }, 'disk', 'flat');
    await expect(again.resizeImage(sizeBytes)).rejects.toThrow(/has grown to 200 MiB, but its/);
    expect(await disk.info()).toMatchObject({ virtualSizeBytes: sizeBytes });
    const { availableBytes } = await filesystem.space(ext4.directory);
    expect(before.availableBytes - availableBytes).toBeLessThan(2 ** 20);
  } finally {
    await ext4.dispose();
  }
});

test('on XFS, where a disk is wiped that shares its blocks with its snapshots', async () => {
  const xfs = await loopMount('xfs', '320M');
  try {
    const host = nodeHost();
    const config = { instancesPath: `${xfs.directory}/instances` };
    await host.filesystem.makeDirectory(config.instancesPath);
    // Else it takes new blocks beside shared ones too, which nobody can wipe.
    await run('xfs_io', ['-c', 'cowextsize 4096', config.instancesPath]);
    const backend = new Backend({ host, config });
    const disk = backend.image({ id: 'vm1' }, 'disk', 'flat');
    const { path } = await disk.createImage({ sizeBytes: 8 * 2 ** 20 });
    const write = (pattern: number, ...ranges: string[]) =>
      run('qemu-io', [
        ...['-f', 'raw', path],
        ...ranges.flatMap((range) => ['-c', `write -P ${pattern} ${range}`]),
      ]);
    await write(0x51, '0 6M');
    await disk.createSnap('first');
    // Some of what a snapshot has is its own now, block beside block.
    await write(0x52, '0 1M', '2052k 4k', '2060k 4k', '5M 2M');
    await disk.createSnap('second');
    await write(0x53, '512k 1M', '3076k 4k', '6M 512k');
    // What is kept in reserve is for the lock and the workspace.
    await backend.recover();
    await fill(host, xfs.directory);
    await disk.destroy({ wipe: true });
    expect(await backend.audit()).toEqual([]);
    await run('sync', ['-f', xfs.directory]);
    expect(await patternsIn(xfs.device, [0x51, 0x52, 0x53])).toEqual([]);
  } finally {
    await xfs.dispose();
  }
});

/** Those that a whole block is full of. */
async function patternsIn(path: string, patterns: readonly number[]): Promise<readonly number[]> {
  const found = new Set<number>();
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(2 ** 20);
    for (;;) {
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) return [...found];
      const read = buffer.subarray(0, bytesRead);
      const seen = patterns.filter((pattern) => read.includes(Buffer.alloc(4096, pattern)));
      for (const pattern of seen) found.add(pattern);
    }
  } finally {
    await file.close();
  }
}
