/**
 * Disks that platter has no record of, as Nova leaves them (disk.info and a file), whose headers lead out of the store:
 * shown and deleted, but never handed to a tool that would follow them.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import { templateByte } from '../contract/images.contract.ts';
import { codeOf } from '../contract/world.ts';
import { platter } from './command.ts';
import { makeImage, readByte, run } from './file-images.ts';

const MiB = 1024 * 1024;
const address = { instance: 'vm1', disk: 'disk' } as const;

let root: string;
let disk: string;
let started: string[];
let backend: Backend;
beforeEach(async () => {
  root = mkdtempSync(`${tmpdir()}/platter-test-`);
  disk = `${root}/vm1/disk`;
  started = [];
  mkdirSync(`${root}/_base`);
  mkdirSync(`${root}/vm1`);
  await makeImage(`${root}/_base/raw`, 'raw', 4 * MiB);
  await makeImage(`${root}/_base/qcow2`, 'qcow2', 4 * MiB);
  await makeImage(`${root}/secret`, 'raw', MiB);
  const host = nodeHost();
  const executor: typeof host.executor = {
    run(command, options) {
      started.push([command.file, ...command.args].join(' '));
      return host.executor.run(command, options);
    },
  };
  const config = { instancesPath: root, defaultImageType: 'qcow2' } as const;
  backend = new Backend({ host: { ...host, executor }, config });
});
afterEach(() => {
  for (const path of [root, `${root}-link`]) rmSync(path, { recursive: true, force: true });
});

const overlay = (path: string, backing: string, format = 'raw') =>
  run('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-b', backing, '-F', format, path, '8M']);

/** As Nova's overlays were before it named the format of their templates. */
function forgetBackingFormat(path: string): void {
  const bytes = readFileSync(path);
  expect(bytes.readUInt32BE(112)).toBe(0xe2792aca);
  bytes.writeUInt32BE(0x12345678, 112);
  writeFileSync(path, bytes);
}

interface Shape {
  /** In disk.info; absent where that says nothing. */
  readonly format?: string;
  readonly make: () => Promise<unknown>;
}

const hostile: Readonly<Record<string, Shape>> = {
  'a file of the host': { format: 'qcow2', make: () => overlay(disk, `${root}/secret`) },
  'a file of the host, without disk.info': { make: () => overlay(disk, `${root}/secret`) },
  'a file of the host, by a way through the store': {
    format: 'qcow2',
    make: () => overlay(disk, `${root}/_base/../secret`),
  },
  'a file beside it': { format: 'qcow2', make: () => overlay(disk, 'console.log') },
  'a description of a node': {
    format: 'qcow2',
    make: () => overlay(disk, 'json:{"driver":"raw","file":{"driver":"file","filename":"/etc/x"}}'),
  },
  'another instance': { format: 'qcow2', make: () => overlay(disk, `${root}/vm2/disk`) },
  'an unsafe template': {
    format: 'qcow2',
    async make() {
      await overlay(`${root}/_base/evil`, `${root}/secret`);
      await overlay(disk, `${root}/_base/evil`, 'qcow2');
    },
  },
  'an unsafe template, without its format': {
    format: 'qcow2',
    async make() {
      await overlay(`${root}/_base/evil`, `${root}/secret`);
      await overlay(disk, `${root}/_base/evil`);
      forgetBackingFormat(disk);
    },
  },
  'a template of another format': {
    format: 'qcow2',
    make: () => overlay(disk, `${root}/_base/raw`, 'vmdk'),
  },
  'a data file': {
    format: 'qcow2',
    make: () =>
      run('qemu-img', [
        ...['create', '-q', '-f', 'qcow2', '-o', `data_file=${root}/data,data_file_raw=on`],
        ...[disk, '8M'],
      ]),
  },
  'the extent of a descriptor': {
    format: 'vmdk',
    async make() {
      const lines = ['# Disk DescriptorFile', 'version=1', 'CID=12345678', 'parentCID=ffffffff'];
      const extent = `RW 2048 FLAT "${root}/secret" 0`;
      writeFileSync(disk, [...lines, 'createType="monolithicFlat"', extent, ''].join('\n'));
    },
  },
};

async function found({ format, make }: Shape): Promise<Image> {
  await make();
  if (format !== undefined) {
    writeFileSync(`${root}/vm1/disk.info`, JSON.stringify({ [disk]: format }));
  }
  return backend.find(address);
}

describe.each(Object.entries(hostile))('a disk that leads to %s', (_, shape) => {
  test('is opened by no tool', async () => {
    const image = await found(shape);
    const { backend: type } = await image.info();
    for (const act of [
      () => image.snapshotExtract(`${root}/out`, 'raw'),
      () => image.resizeImage(16 * MiB),
      () => image.flatten(),
      () => image.getModel(),
      () => image.libvirtInfo(),
      () => image.libvirtFsInfo({ target: '/', driverType: 'loop' }),
      () =>
        backend.image({ id: 'vm1' }, 'disk', type).cache({ template: 'raw', sizeBytes: 16 * MiB }),
    ]) {
      expect(await codeOf(act())).toBe('UNSAFE_IMAGE');
    }
    // Flat disks here have no snapshots.
    if (type === 'qcow2') expect(await codeOf(image.createSnap('s'))).toBe('UNSAFE_IMAGE');
    // That is of the template, which is taken into the records on the way.
    expect(
      started.filter((line) => !line.endsWith(' --version') && !line.endsWith('/_base/raw')),
    ).toEqual([]);
  });

  test('is shown, and deleted by its file alone', async () => {
    const image = await found(shape);
    expect(await image.info()).toMatchObject({ disk: 'disk' });
    await image.destroy();
    expect(started).toEqual([`qemu-img check -q -r leaks --output=json -f raw ${disk}`]);
    expect(await backend.list()).toEqual([]);
  });
});

const benign: Readonly<Record<string, Shape>> = {
  'a raw template': { format: 'qcow2', make: () => overlay(disk, `${root}/_base/raw`) },
  'a qcow2 template': {
    format: 'qcow2',
    make: () => overlay(disk, `${root}/_base/qcow2`, 'qcow2'),
  },
  'a raw template, without its format': {
    format: 'qcow2',
    async make() {
      await overlay(disk, `${root}/_base/raw`);
      forgetBackingFormat(disk);
    },
  },
  'a template by a relative path': { format: 'qcow2', make: () => overlay(disk, '../_base/raw') },
  'a template by another path': {
    format: 'qcow2',
    async make() {
      symlinkSync(root, `${root}-link`);
      await overlay(disk, `${root}-link/_base/raw`);
    },
  },
  nothing: { format: 'qcow2', make: () => makeImage(disk, 'qcow2', 8 * MiB) },
};

test.each(Object.entries(benign))('a disk that leans on %s is worked with', async (_, shape) => {
  const image = await found(shape);
  expect(await image.getModel()).toMatchObject({ path: disk, format: 'qcow2' });
  expect((await image.libvirtInfo()).toXml()).toContain(`<source file="${disk}"/>`);
  await image.resizeImage(16 * MiB);
  await image.createSnap('s');
  await image.snapshotExtract(`${root}/out`, 'raw');
  await image.flatten();
  expect(await image.info()).toMatchObject({ virtualSizeBytes: 16 * MiB, snapshots: ['s'] });
});

test.each(['a raw template', 'a qcow2 template', 'a raw template, without its format'])(
  'a disk that is smaller than %s shows no more of it when it grows',
  async (name) => {
    const image = await found(benign[name] as Shape);
    // The template has its data in the first MiB.
    await run('qemu-img', ['resize', '-q', '--shrink', '-f', 'qcow2', disk, '512K']);
    await image.createSnap('small');
    await image.resizeImage(MiB);
    expect(started.at(-1)).toMatch(/^prlimit .*qemu-img resize -q -f qcow2 /);
    expect(await readByte(disk, 'qcow2', 0)).toBe(templateByte);
    expect(await readByte(disk, 'qcow2', 768 * 1024)).toBe(0);
    await image.resizeImage(16 * MiB);
    expect(await readByte(disk, 'qcow2', 3 * MiB)).toBe(0);
    const copy = backend.image({ id: 'vm2' }, 'disk', 'qcow2');
    await copy.createImage({ snapshot: 'vm1/disk@small', sizeBytes: 8 * MiB });
    const { path } = await copy.info();
    expect(await readByte(path, 'qcow2', 0)).toBe(templateByte);
    expect(await readByte(path, 'qcow2', 768 * 1024)).toBe(0);
  },
);

test('a template that Nova left passes the gate before a disk is made of it', async () => {
  await overlay(`${root}/_base/evil`, `${root}/secret`);
  const image = backend.image({ id: 'vm2' }, 'disk', 'qcow2');
  expect(await codeOf(image.cache({ template: 'evil' }))).toBe('UNSAFE_IMAGE');
  expect(started).toEqual([]);
  expect(await image.exists()).toBe(false);
});

test('names that its maker chose command no terminal', async () => {
  const image = await found(benign['nothing'] as Shape);
  const name = 'a'.repeat(20);
  await run('qemu-img', ['snapshot', '-q', '-c', name, disk]);
  const escapes = '\u001b]0;owned\u0007\u001b[2J'.padEnd(name.length, '\n');
  const bytes = readFileSync(disk);
  bytes.write(escapes, bytes.indexOf(name), 'latin1');
  writeFileSync(disk, bytes);
  expect((await image.listSnaps()).map((snapshot) => snapshot.name)).toEqual([escapes]);
  for (const args of [
    ['image', 'show', 'vm1/disk'],
    ['snapshot', 'list', 'vm1/disk'],
    ['snapshot', 'delete', 'vm1/disk@s', '--yes', '--verbose'],
  ]) {
    const { stdout, stderr } = await platter(root, args);
    expect(`${stdout}${stderr}`).toContain('owned');
    expect(`${stdout}${stderr}`).not.toMatch(/[^\P{Cc}\n]/u);
  }
});
