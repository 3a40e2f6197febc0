/** Directories that Nova made are read, and what a guest writes never decides anything. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { codeOf } from '../contract/world.ts';
import { makeImage, run } from './file-images.ts';

const MiB = 1024 * 1024;
const sha1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';

let root: string;
let backend: Backend;
beforeEach(async () => {
  root = mkdtempSync(`${tmpdir()}/platter-test-`);
  backend = new Backend({ host: nodeHost(), config: { instancesPath: root } });
  mkdirSync(`${root}/_base`);
  mkdirSync(`${root}/vm1`);
  await makeImage(`${root}/_base/${sha1}`, 'raw', 8 * MiB);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const overlay = (path: string) =>
  run('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    `${root}/_base/${sha1}`,
    '-F',
    'raw',
    path,
    '16M',
  ]);

test('an overlay and a flat disk with their disk.info', async () => {
  await overlay(`${root}/vm1/disk`);
  await makeImage(`${root}/vm1/disk.local`, 'raw', 4 * MiB);
  const formats = { [`${root}/vm1/disk`]: 'qcow2', [`${root}/vm1/disk.local`]: 'raw' };
  writeFileSync(`${root}/vm1/disk.info`, JSON.stringify(formats));
  writeFileSync(`${root}/vm1/console.log`, 'boot');
  mkdirSync(`${root}/locks`);
  expect(await backend.list()).toMatchObject([
    { disk: 'disk', backend: 'qcow2', template: sha1, virtualSizeBytes: 16 * MiB },
    { disk: 'disk.local', backend: 'flat', format: 'raw', template: null },
  ]);
  const image = await backend.find({ instance: 'vm1', disk: 'disk' });
  await image.resizeImage(32 * MiB);
  await image.createSnap('s');
  expect(JSON.parse(readFileSync(`${root}/vm1/disk.info`, 'utf8'))).toEqual(formats);
  expect(await backend.templates.list()).toMatchObject([
    { name: sha1, format: 'raw', sha256: null, usedBy: ['vm1/disk'] },
  ]);
  expect(await codeOf(backend.templates.delete(sha1))).toBe('IN_USE');
  await backend.image({ id: 'vm2' }, 'disk').cache({ template: sha1 });
  const [template] = await backend.templates.list();
  expect(template).toMatchObject({
    source: 'found in the store',
    usedBy: ['vm1/disk', 'vm2/disk'],
  });
  expect(template?.sha256).toMatch(/^[0-9a-f]{64}$/);
});

test('what platter makes is what Nova reads', async () => {
  await backend
    .image({ id: 'vm2' }, 'disk', 'qcow2')
    .cache({ template: sha1, sizeBytes: 20 * MiB });
  await backend.image({ id: 'vm2' }, 'disk.eph0', 'flat').createImage({ sizeBytes: MiB });
  expect(readFileSync(`${root}/vm2/disk.info`, 'utf8')).toBe(
    JSON.stringify({ [`${root}/vm2/disk`]: 'qcow2', [`${root}/vm2/disk.eph0`]: 'raw' }),
  );
  const { stdout } = await run('qemu-img', ['info', '--output=json', `${root}/vm2/disk`]);
  expect(JSON.parse(stdout)).toMatchObject({
    'backing-filename': `${root}/_base/${sha1}`,
    'backing-filename-format': 'raw',
  });
});

test('a qcow2 header that a guest wrote on its raw disk changes nothing', async () => {
  const image = backend.image({ id: 'vm2' }, 'disk', 'flat');
  await image.createImage({ sizeBytes: 8 * MiB });
  await run('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-u',
    '-b',
    '/etc/passwd',
    '-F',
    'raw',
    `${root}/evil`,
    '1T',
  ]);
  execFileSync('dd', [`if=${root}/evil`, `of=${root}/vm2/disk`, 'conv=notrunc', 'status=none']);
  expect(await image.info()).toMatchObject({
    format: 'raw',
    virtualSizeBytes: 8 * MiB,
    backing: null,
  });
  await image.resizeImage(16 * MiB);
  const exported = `${root}/exported`;
  await image.snapshotExtract(exported, 'raw');
  expect(readFileSync(exported).subarray(0, 4).toString('latin1')).toBe('QFI\xfb');
  rmSync(`${root}/vm2/.platter`, { recursive: true });
  // Without platter's record disk.info still knows.
  expect(await (await backend.find(image.address)).info()).toMatchObject({
    backend: 'flat',
    format: 'raw',
  });
});

test('a template that images lean on comes back as it was, or not at all', async () => {
  await makeImage(`${root}/one`, 'raw', 8 * MiB);
  await makeImage(`${root}/two`, 'raw', 9 * MiB);
  await backend.templates.add('t', `${root}/one`);
  await backend.image({ id: 'vm2' }, 'disk').cache({ template: 't' });
  rmSync(`${root}/_base/t`, { force: true });
  expect(await codeOf(backend.templates.show('t'))).toBe('NOT_FOUND');
  expect(await codeOf(backend.templates.add('t', `${root}/two`))).toBe('TEMPLATE_CHANGED');
  expect((await backend.templates.add('t', `${root}/one`)).usedBy).toEqual(['vm2/disk']);
  await run('qemu-img', ['check', '-q', '-f', 'qcow2', `${root}/vm2/disk`]);
});

test('a template that was changed by hand is refused', async () => {
  await makeImage(`${root}/one`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${root}/one`);
  execFileSync('bash', [
    '-c',
    `chmod u+w ${root}/_base/t && printf x | dd of=${root}/_base/t bs=1 seek=5000 conv=notrunc status=none`,
  ]);
  expect(await codeOf(backend.templates.verify('t'))).toBe('CHECKSUM_MISMATCH');
  execFileSync('truncate', ['-s', '+1M', `${root}/_base/t`]);
  expect(await codeOf(backend.image({ id: 'vm2' }, 'disk').cache({ template: 't' }))).toBe(
    'TEMPLATE_CHANGED',
  );
  expect(await backend.list()).toEqual([]);
});

test('an overlay has clusters as large as its template', async () => {
  await run('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-o',
    'cluster_size=128k',
    `${root}/one`,
    '8M',
  ]);
  await backend.templates.add('t', `${root}/one`);
  const { path } = await backend.image({ id: 'vm2' }, 'disk', 'qcow2').cache({ template: 't' });
  const { stdout } = await run('qemu-img', ['info', '--output=json', path]);
  expect(JSON.parse(stdout)).toMatchObject({
    'cluster-size': 131_072,
    'backing-filename-format': 'qcow2',
  });
});

test.each([
  [true, 'raw', 'raw'],
  [false, 'qcow2', 'qcow2'],
  [undefined, 'qcow2', 'raw'],
])(
  'with force_raw_images %s a qcow2 template is %s, and a flat disk of it %s',
  async (force, stored, flat) => {
    await makeImage(`${root}/one`, 'qcow2', 8 * MiB);
    const config = { instancesPath: root, forceRawImages: force };
    const other = new Backend({ host: nodeHost(), config });
    expect(await other.templates.add('t', `${root}/one`)).toMatchObject({ format: stored });
    await other.templates.verify('t');
    const image = other.image({ id: 'vm2' }, 'disk', 'flat');
    expect(await image.cache({ template: 't', sizeBytes: 16 * MiB })).toMatchObject({
      format: flat,
    });
    expect(await image.getModel()).toMatchObject({ kind: 'LocalFileImage', format: flat });
    const { stdout } = await run('qemu-img', ['info', '--output=json', image.path]);
    expect(JSON.parse(stdout)).toMatchObject({ format: flat, 'virtual-size': 16 * MiB });
  },
);

test('a disk in use is not changed under its guest', async () => {
  const image = backend.image({ id: 'vm2' }, 'disk', 'qcow2');
  await image.cache({ template: sha1 });
  const guest = run('qemu-io', ['-f', 'qcow2', '-c', 'sleep 3000', image.path]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await codeOf(image.destroy())).toBe('IN_USE');
  expect(await codeOf(image.createSnap('s'))).toBe('IN_USE');
  expect(await codeOf(image.resizeImage(32 * MiB))).toBe('IN_USE');
  expect(await codeOf(image.flatten())).toBe('IN_USE');
  expect((await image.info()).virtualSizeBytes).toBe(8 * MiB);
  await guest;
  await image.destroy();
});
