/** Thick volumes: nothing of others shows in them, classic snapshots, and nothing is left when they go. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import type { Host } from '../../src/ports/host.ts';
import { templateByte } from '../contract/images.contract.ts';
import { codeOf } from '../contract/world.ts';
import { disk, group, lvmWorld, MiB, names, run, shell, thick, type LvmWorld } from './lab.ts';

let world: LvmWorld;
let backend: Backend;
let image: Image;
beforeEach(async () => {
  world = await lvmWorld(thick)();
  backend = new Backend({ host: world.host, config: world.config });
  image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 6 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
});
afterEach(async () => {
  expect(await world.leftovers()).toEqual([]);
  await world.dispose();
});

/** What somebody left in the space that the next volumes get. */
async function soil(): Promise<void> {
  await run('lvcreate', '-q', '-y', '-L', '64M', '-n', 'soil', group);
  await shell(
    `tr '\\0' '\\252' < /dev/zero | dd of=/dev/${group}/soil bs=1M count=64 iflag=fullblock conv=fsync status=none`,
  );
  await run('lvremove', '-q', '-f', `${group}/soil`);
}

const bytesBut = async (path: string, fromMiB: number, byte: string) =>
  Number(await shell(`dd if=${path} bs=1M skip=${fromMiB} status=none | tr -d '${byte}' | wc -c`));

test('what a disk has not from its template reads as zeros, also after growth', async () => {
  await soil();
  const made = await image.createImage({ template: 't', sizeBytes: 16 * MiB });
  expect(made).toMatchObject({ virtualSizeBytes: 16 * MiB, method: 'convert', template: 't' });
  expect(await world.read(made.path, 'raw', 0)).toBe(templateByte);
  expect(await bytesBut(made.path, 1, '\\0')).toBe(0);
  await image.resizeImage(24 * MiB);
  expect(await bytesBut(made.path, 1, '\\0')).toBe(0);
  const blank = await backend
    .image({ id: 'vm2' }, 'disk', 'lvm')
    .createImage({ sizeBytes: 12 * MiB });
  expect(await bytesBut(blank.path, 0, '\\0')).toBe(0);
  expect(await codeOf(image.resizeImage(8 * MiB))).toBe('CANNOT_SHRINK');
  expect(await codeOf(image.resizeImage(8 * 1024 * 1024 * MiB))).toBe('NO_SPACE');
});

test('classic snapshots stay when they are restored, also when that is broken off', async () => {
  await image.createImage({ template: 't' });
  const { path } = await image.info();
  const byte = () => world.read(path, 'raw', MiB);
  await world.write(image, MiB, 0x11);
  await image.createSnap('one');
  await world.write(image, MiB, 0x22);
  await image.createSnap('two');
  expect(await codeOf(image.createSnap('two'))).toBe('ALREADY_EXISTS');
  for (let round = 0; round < 2; round += 1) {
    await image.rollbackToSnap('one');
    expect(await byte()).toBe(0x11);
    await world.write(image, MiB, 0x33);
  }
  const broken = backendWhose(world.host, 'convert', { exitCode: 1 });
  const failure = broken.image({ id: 'vm1' }, 'disk', 'lvm').rollbackToSnap('two');
  expect(await codeOf(failure)).toBe('TOOL_FAILED');
  // Half a copy is not left: the next operation makes it whole.
  await backend.recover();
  expect(await byte()).toBe(0x22);
  expect((await image.listSnaps()).map(({ name }) => name)).toEqual(['one', 'two']);
  expect(await codeOf(image.resizeImage(32 * MiB))).toBe('IN_USE');
  const clone = backend.image({ id: 'vm2' }, 'disk', 'lvm');
  await clone.createImage({ snapshot: 'vm1/disk@one', sizeBytes: 12 * MiB });
  expect(await world.read((await clone.info()).path, 'raw', MiB)).toBe(0x11);
  const exported = `${world.directory}/two.qcow2`;
  await image.snapshotExtract(exported, 'qcow2', { snapshot: 'two' });
  expect(await world.read(exported, 'qcow2', MiB)).toBe(0x22);
  await image.removeSnap('one');
  expect((await image.info()).snapshots).toEqual(['two']);
});

/** A host on which a tool does not do its work. */
function backendWhose(host: Host, word: string, result: { exitCode: number }): Backend {
  const executor: Host['executor'] = {
    run: (command, options) =>
      command.file === word || command.args.includes(word)
        ? Promise.resolve({ ...result, signal: null, stdout: '', stderr: '', killed: null })
        : host.executor.run(command, options),
  };
  return new Backend({ host: { ...host, executor }, config: world.config });
}

/** Where on the device the volumes are that platter made: its offset and length in MiB. */
async function extents(): Promise<readonly (readonly [number, number])[]> {
  const start = Number(
    await run('pvs', '--noheadings', '--units', 'm', '--nosuffix', '-o', 'pe_start', disk),
  );
  const ranges = await run('lvs', '-a', '--noheadings', '-o', 'lv_name,seg_pe_ranges', group);
  return ranges
    .split('\n')
    .filter((line) => /vm1_|platter-snapshot/.test(line))
    .flatMap((line) => [...line.matchAll(/vd[ab]:(\d+)-(\d+)/g)])
    .map(
      ([, from, to]) => [start + Number(from) * 4, (Number(to) - Number(from) + 1) * 4] as const,
    );
}

test('removal clears the disk and the stores of its snapshots, or removes nothing', async () => {
  await image.createImage({ sizeBytes: 8 * MiB });
  const { path } = await image.info();
  const fill = `tr '\\0' '\\125' < /dev/zero | dd of=${path} bs=1M count=8 iflag=fullblock conv=fsync status=none`;
  await shell(fill);
  await image.createSnap('s');
  await shell(fill.replace('125', '063'));
  const where = await extents();
  expect(where.length).toBeGreaterThanOrEqual(2);
  const left = async () => {
    let bytes = 0;
    for (const [skip, count] of where) {
      const read = `dd if=${disk} iflag=direct bs=1M skip=${skip} count=${count} status=none`;
      bytes += Number(await shell(`${read} | tr -cd 'U3' | wc -c`));
    }
    return bytes;
  };
  expect(await left()).toBeGreaterThan(16_000_000);
  const broken = backendWhose(world.host, 'shred', { exitCode: 1 });
  expect(await codeOf(broken.image({ id: 'vm1' }, 'disk', 'lvm').destroy())).toBe('TOOL_FAILED');
  expect(await image.exists()).toBe(false);
  expect((await names()).length).toBe(2);
  const recovered = await backend.recover();
  expect(recovered.map(({ target }) => target)).toEqual(['vm1/disk']);
  expect(await names()).toEqual([]);
  expect(await left()).toBe(0);
});

test('sparse volumes have a pool of their own, which goes with them', async () => {
  const config = { ...world.config, lvm: { ...thick.lvm, sparse: true } };
  const sparse = new Backend({ host: world.host, config }).image({ id: 'vm3' }, 'disk', 'lvm');
  const made = await sparse.createImage({ template: 't', sizeBytes: 1024 * MiB });
  expect(made.virtualSizeBytes).toBe(1024 * MiB);
  expect(await world.read(made.path, 'raw', 0)).toBe(templateByte);
  await sparse.createSnap('s');
  await sparse.rollbackToSnap('s');
  await sparse.destroy();
  expect(await names()).toEqual([]);
});
