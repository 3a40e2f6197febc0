/** Reflinks where the filesystem has them, holes kept where it has not, and no tool where none is needed. */
import { readdir, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { PlatterEvent } from '../../src/ports/events.ts';
import { imagesContract } from '../contract/images.contract.ts';
import { filesystemContract } from '../contract/filesystem.contract.ts';
import { makeImage, readByte, realFileImages, run } from './file-images.ts';
import { loopMount, type LoopMount } from './loop-mount.ts';
import { realWorld } from './real-world.ts';

const MiB = 1024 * 1024;

let xfs: LoopMount;
let ext4: LoopMount;
beforeAll(async () => {
  xfs = await loopMount('xfs', '600M');
  ext4 = await loopMount('ext4', '600M');
});
afterAll(async () => {
  await xfs.dispose();
  await ext4.dispose();
});

/** A backend whose tools are counted. */
function counting(directory: string) {
  const tools: string[] = [];
  const onEvent = (event: PlatterEvent) => {
    if (event.type === 'command') tools.push(event.argv.join(' '));
  };
  const host = nodeHost({ onEvent });
  return {
    backend: new Backend({ host, config: { instancesPath: `${directory}/instances` } }),
    tools,
  };
}

/** 200 MiB of which 2 hold something. */
async function makeSparse(path: string): Promise<void> {
  await makeImage(path, 'raw', 200 * MiB);
  await run('qemu-io', ['-f', 'raw', '-c', 'write -P 0x11 150M 1M', path]);
}

describe('XFS', () => {
  test('a flat disk is a reflink of its template, made without a tool', async () => {
    const { backend, tools } = counting(xfs.directory);
    await makeSparse(`${xfs.directory}/t.raw`);
    await backend.templates.add('t', `${xfs.directory}/t.raw`);
    const { availableBytes: before } = await nodeHost().filesystem.space(xfs.directory);
    tools.length = 0;
    const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
    const made = await image.createImage({ template: 't', sizeBytes: 300 * MiB });
    expect(made.method).toBe('reflink');
    expect(made.virtualSizeBytes).toBe(300 * MiB);
    expect(tools).toEqual([]);
    const { stdout } = await run('filefrag', ['-v', made.path]);
    expect(stdout).toContain('shared');
    const { availableBytes: after } = await nodeHost().filesystem.space(xfs.directory);
    expect(before - after).toBeLessThan(MiB);
    expect(await readByte(made.path, 'raw', 150 * MiB)).toBe(0x11);
    expect((await image.capabilities()).snapshots).toBe(true);
    await image.destroy();
    await backend.templates.delete('t');
  });

  test('snapshots of a disk that was removed by hand are kept, and are not those of the next disk', async () => {
    const { backend } = counting(xfs.directory);
    const image = backend.image({ id: 'vm2' }, 'disk', 'flat');
    const made = await image.createImage({ sizeBytes: MiB });
    await image.createSnap('s');
    await rm(made.path);
    const kept = `${xfs.directory}/instances/vm2/.platter/disk.snapshots`;
    const again = image.createImage({ sizeBytes: MiB });
    await expect(again).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      details: { path: kept },
      hint: expect.stringContaining(kept),
    });
    const other = backend.image({ id: 'vm2' }, 'disk', 'qcow2');
    await other.createImage({ sizeBytes: MiB });
    await other.destroy();
    expect(await readdir(kept)).toEqual(['000001~s']);
    await rm(kept, { recursive: true });
    await image.createImage({ sizeBytes: MiB });
    expect((await image.info()).snapshots).toEqual([]);
    await image.destroy();
  });
});

describe('ext4', () => {
  test('a flat disk is a copy without the holes, made by one tool', async () => {
    const { backend, tools } = counting(ext4.directory);
    await makeSparse(`${ext4.directory}/t.raw`);
    await backend.templates.add('t', `${ext4.directory}/t.raw`);
    tools.length = 0;
    const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
    const made = await image.createImage({ template: 't' });
    expect(made.method).toBe('copy');
    expect(tools).toHaveLength(1);
    expect(tools[0]).toMatch(/^cp --sparse=always --reflink=never /);
    const template = await nodeHost().filesystem.stat(`${ext4.directory}/instances/_base/t`);
    expect(template.allocatedBytes).toBeLessThan(4 * MiB);
    expect(made.allocatedBytes).toBeLessThanOrEqual(template.allocatedBytes + 64 * 1024);
    expect(await readByte(made.path, 'raw', 150 * MiB)).toBe(0x11);
    expect((await image.capabilities()).snapshots).toBe(false);
    await image.destroy();
    await backend.templates.delete('t');
  });

  test('a qcow2 disk with a size is made by one tool', async () => {
    const { backend, tools } = counting(ext4.directory);
    await makeImage(`${ext4.directory}/t.raw`, 'raw', 8 * MiB);
    await backend.templates.add('t', `${ext4.directory}/t.raw`);
    tools.length = 0;
    const image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
    await image.createImage({ template: 't', sizeBytes: 100 * MiB });
    expect(tools).toHaveLength(1);
    expect(tools[0]).toMatch(/^qemu-img create -q -u -f qcow2 -b \S+ -F raw \S+ 104857600$/);
    tools.length = 0;
    await image.info();
    await backend.list();
    await backend.templates.list();
    expect(tools).toEqual([]);
    await image.destroy();
    await backend.templates.delete('t');
  });
});

// The directories exist only once the hooks have run, so the worlds ask for them late.
filesystemContract('XFS', () => realWorld(xfs.directory)());
filesystemContract('ext4', () => realWorld(ext4.directory)());
imagesContract('flat on XFS, real', 'flat', () => realFileImages(xfs.directory)());
