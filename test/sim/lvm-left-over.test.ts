/** What an operation on volumes that was killed has left, and what somebody has done to it before it is recovered. */
import { expect, test } from 'vitest';
import { readRaw, write } from '../../sim/volume/content.ts';
import type { World } from '../../sim/world.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Command } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';
import { killedAt, lvm, simLvmImages } from './lvm-world.ts';

const MiB = 2 ** 20;
const group = 'vg0';

function volumeOf({ stores }: World, name: string) {
  const volume = stores.group?.volumes.get(name);
  if (volume === undefined) throw new Error(`no volume ${name}`);
  return volume;
}

function put(world: World, name: string, at: number, byte: number): void {
  const volume = volumeOf(world, name);
  const source = new Uint8Array(512).fill(byte);
  volume.write(write(volume.content, at, { length: 512, source }));
}

function byteAt(world: World, name: string, at: number): number | undefined {
  const buffer = new Uint8Array(1);
  readRaw(volumeOf(world, name).content, buffer, at);
  return buffer[0];
}

const isScriptWith =
  ({ volume }: World, words: string) =>
  ({ file, args }: Command): boolean => {
    const inode = file === 'lvm' ? volume.peek(args[0] ?? '') : undefined;
    return inode !== undefined && (volume.text(inode) ?? '').includes(words);
  };

test('half a classic snapshot is cleared before its space is given back', async () => {
  const images = await simLvmImages('thick')();
  const { host, config, world } = images;
  const [instance, disk] = ['i'.repeat(50), 'd'.repeat(50)];
  const imageOf = (backend: Backend) => backend.image({ id: instance }, disk, 'lvm');
  const backend = new Backend({ host, config });
  await imageOf(backend).createImage({ sizeBytes: 8 * MiB });
  const name = `${instance}_${disk}`;
  put(world, name, MiB, 0x55);
  await killedAt(
    world,
    isScriptWith(world, 'lvcreate -y -s'),
    (dying) => imageOf(new Backend({ host: dying, config })).createSnap('s'.repeat(60)),
    async ({ args: [script = ''] }) => {
      const inode = world.volume.peek(script);
      const lines = (inode && world.volume.text(inode))?.split('\n') ?? [];
      expect(lines[3]).toMatch(/^lvchange --addtag=/);
      for (const line of lines.slice(1, 3)) await lvm(host, line);
    },
  );
  put(world, name, MiB, 0x66);
  expect(await backend.recover()).toMatchObject([{ target: `${instance}/${disk}` }]);
  expect(world.stores.group?.volumes.size).toBe(2);
  const left = world.stores.group?.free.areas.flatMap(({ extents }) => extents) ?? [];
  expect(left.filter(({ source }) => typeof source !== 'number')).toEqual([]);
  await images.dispose();
});

test('a restore that was cut off is not finished under whoever uses the disk by now', async () => {
  const images = await simLvmImages('thick')();
  const { host, config, world } = images;
  const backend = new Backend({ host, config });
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  put(world, 'vm1_disk', MiB, 0x11);
  await image.createSnap('s');
  await killedAt(
    world,
    ({ args }) => args.includes('convert'),
    (dying) =>
      new Backend({ host: dying, config }).image({ id: 'vm1' }, 'disk', 'lvm').rollbackToSnap('s'),
  );
  put(world, 'vm1_disk', MiB, 0x22);
  volumeOf(world, 'vm1_disk').openers += 1;
  await expect(image.createSnap('t')).rejects.toMatchObject({ code: 'IN_USE' });
  expect(byteAt(world, 'vm1_disk', MiB)).toBe(0x22);
  volumeOf(world, 'vm1_disk').openers -= 1;
  expect(await backend.recover()).toMatchObject([{ target: 'vm1/disk' }]);
  expect(byteAt(world, 'vm1_disk', MiB)).toBe(0x11);
  await images.dispose();
});

test.each(['restored', 'restored half'])(
  'a snapshot that overflowed, %s, can be deleted',
  async (how) => {
    const images = await simLvmImages('thick')();
    const { host, config, world } = images;
    const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'lvm');
    await image.createImage({ sizeBytes: 8 * MiB });
    await image.createSnap('s');
    await image.createSnap('t');
    const snapshot = [...(world.stores.group?.volumes.values() ?? [])].find(({ tags }) =>
      tags.has('platter.snapshot=s'),
    );
    const overflow = () => {
      if (snapshot !== undefined) snapshot.isInvalid = true;
    };
    if (how === 'restored half') {
      await killedAt(
        world,
        ({ args }) => args.includes('convert'),
        (dying) =>
          new Backend({ host: dying, config })
            .image({ id: 'vm1' }, 'disk', 'lvm')
            .rollbackToSnap('s'),
      );
    }
    overflow();
    await lvm(host, `lvchange -an ${group}/vm1_disk`);
    if (how === 'restored') {
      await expect(image.rollbackToSnap('s')).rejects.toMatchObject({ code: 'CORRUPT' });
    }
    await image.removeSnap('s');
    await image.destroy();
    expect(await images.leftovers()).toEqual([]);
    await images.dispose();
  },
);

const isZeroing = ({ file }: Command) => file === 'blkdiscard';

test('growth that was cut off is not zeroed again under whoever uses the disk by now', async () => {
  const images = await simLvmImages('thick')();
  const { host, config, world } = images;
  const backend = new Backend({ host, config });
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  const grow = (dying: Host) =>
    new Backend({ host: dying, config }).image({ id: 'vm1' }, 'disk', 'lvm').resizeImage(16 * MiB);
  await killedAt(world, isZeroing, grow);
  put(world, 'vm1_disk', 12 * MiB, 0x22);
  volumeOf(world, 'vm1_disk').openers += 1;
  await expect(image.createSnap('s')).rejects.toMatchObject({ code: 'IN_USE' });
  expect(byteAt(world, 'vm1_disk', 12 * MiB)).toBe(0x22);
  // What has another size by now was resized by somebody else.
  await lvm(host, `lvextend -L 24M ${group}/vm1_disk`);
  await image.createSnap('s');
  expect(byteAt(world, 'vm1_disk', 12 * MiB)).toBe(0x22);
  await images.dispose();
});

test('a disk that somebody else resizes between the plan and the change is left alone', async () => {
  const images = await simLvmImages('thick')();
  const { host, config, world } = images;
  await new Backend({ host, config })
    .image({ id: 'vm1' }, 'disk', 'lvm')
    .createImage({ sizeBytes: 8 * MiB });
  for (const [size, wanted] of [
    [12, 20],
    [24, 28],
    [32, 32],
  ] as const) {
    const isGrowing = isScriptWith(world, 'lvextend');
    const executor: Host['executor'] = {
      async run(command, options) {
        if (isGrowing(command)) {
          await lvm(host, `lvextend -L ${size}M ${group}/vm1_disk`);
          put(world, 'vm1_disk', (size - 1) * MiB, 0x33);
        }
        return host.executor.run(command, options);
      },
    };
    const image = new Backend({ host: { ...host, executor }, config }).image(
      { id: 'vm1' },
      'disk',
      'lvm',
    );
    await expect(image.resizeImage(wanted * MiB)).rejects.toMatchObject({
      code: 'LOCKED',
      details: { undo: 'undone' },
    });
    expect(byteAt(world, 'vm1_disk', (size - 1) * MiB)).toBe(0x33);
    expect(volumeOf(world, 'vm1_disk').sizeBytes).toBe(size * MiB);
  }
  await images.dispose();
});

test('what was begun in another volume group is not carried on in this one', async () => {
  const images = await simLvmImages('thick')();
  const { host, config, world } = images;
  const backend = new Backend({ host, config });
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  const grow = (dying: Host) =>
    new Backend({ host: dying, config }).image({ id: 'vm1' }, 'disk', 'lvm').resizeImage(16 * MiB);
  await killedAt(world, isZeroing, grow);
  put(world, 'vm1_disk', 12 * MiB, 0x22);
  const before = world.stores.group?.uuid ?? '';
  Object.assign(world.stores.group ?? {}, { uuid: 'another' });
  await expect(image.createSnap('s')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(`"${group}" (${before})`),
  });
  expect(byteAt(world, 'vm1_disk', 12 * MiB)).toBe(0x22);
  Object.assign(world.stores.group ?? {}, { uuid: before });
  await image.createSnap('s');
  expect(byteAt(world, 'vm1_disk', 12 * MiB)).toBe(0);
  await images.dispose();
});

test.each(['zero', 'shred'] as const)(
  'the pool of a sparse disk is cleared (%s) before its space is given back',
  async (volumeClear) => {
    const images = await simLvmImages('sparse')();
    const { host, world } = images;
    const config = { ...images.config, lvm: { ...images.config.lvm, volumeClear } };
    const backend = new Backend({ host, config });
    const image = (id: string) => backend.image({ id }, 'disk', 'lvm');
    const left = () =>
      (world.stores.group?.free.areas ?? [])
        .flatMap(({ extents }) => extents)
        .filter(({ source }) => typeof source !== 'number');
    for (const sizeBytes of [8 * MiB, 128 * MiB]) {
      await image('vm1').createImage({ sizeBytes });
      put(world, 'vm1_disk', MiB, 0x55);
      await image('vm1').createSnap('s');
      await image('vm2').createImage({ snapshot: 'vm1/disk@s' });
      await image('vm1').destroy();
      await image('vm2').destroy();
      expect(world.stores.group?.volumes.size).toBe(1);
      expect(left()).toEqual([]);
    }
    await images.dispose();
  },
);
