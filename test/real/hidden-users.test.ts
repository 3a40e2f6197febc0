/** Disks that lean on a template, or on another disk, in ways in which platter makes none: found all the same. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';
import { makeImage, run } from './file-images.ts';

let root: string;
let instances: string;
let disk: string;
let template: string;
beforeEach(async () => {
  root = mkdtempSync(`${tmpdir()}/platter-test-`);
  instances = `${root}/instances`;
  disk = `${instances}/vm1/disk`;
  template = `${instances}/_base/t`;
  await makeImage(`${root}/t.qcow2`, 'qcow2', 2 * 1024 * 1024);
  await platter(instances, ['template', 'add', 't', `${root}/t.qcow2`]);
  await platter(instances, ['image', 'create', 'vm1/disk', '--template', 't']);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const overlay = (path: string, backing: string, format = 'qcow2') =>
  run('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-b', backing, '-F', format, path, '8M']);

const described = (filename: string) =>
  `json:${JSON.stringify({ driver: 'qcow2', file: { driver: 'file', filename } })}`;

function writeAt(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
}

/** What is made of `vm1/disk`, and who is told to be the user then. */
const shapes: Readonly<Record<string, [string, () => unknown]>> = {
  'by the description of a node': ['vm1/disk', () => overlay(disk, described(template))],
  'by a description in one piece': [
    'vm1/disk',
    () =>
      overlay(disk, `json:{"driver":"qcow2","file.driver":"file","file.filename":"${template}"}`),
  ],
  'by a description that is not understood': [
    'vm1/disk',
    () => overlay(disk, `json:{"driver":"quorum","children":["a"]}`),
  ],
  'by a name with a protocol': ['vm1/disk', () => overlay(disk, `file:${template}`)],
  'by a relative path': ['vm1/disk', () => overlay(disk, '../_base/t')],
  'through a file elsewhere': [
    'vm1/disk',
    async () => {
      renameSync(disk, `${root}/mid`);
      await overlay(disk, `${root}/mid`);
    },
  ],
  'through two files elsewhere': [
    'vm1/disk',
    async () => {
      renameSync(disk, `${root}/first`);
      await overlay(`${root}/second`, 'first');
      await overlay(disk, described(`${root}/second`));
    },
  ],
  'through a file that is not there': ['vm1/disk', () => overlay(disk, '/not/mounted/mid')],
  'through a link': [
    'vm1/disk',
    async () => {
      symlinkSync(template, `${root}/link`);
      await overlay(disk, `${root}/link`);
    },
  ],
  'by a path that is no text': [
    'vm1/disk',
    () => {
      const bytes = readFileSync(disk);
      bytes[bytes.indexOf('_base/t')] = 0xff;
      writeFileSync(disk, bytes);
    },
  ],
  'of which the header is damaged': ['vm1/disk', () => writeAt(disk, Buffer.from('garbage!'))],
  'of which the beginning is gone': ['vm1/disk', () => writeAt(disk, Buffer.alloc(4096))],
  'of which nothing is left': ['vm1/disk', () => truncateSync(disk)],
  'of which nothing is left, by disk.info alone': [
    'vm1/disk',
    () => {
      truncateSync(disk);
      rmSync(`${instances}/vm1/.platter`, { recursive: true });
    },
  ],
  'through a file elsewhere that is damaged': [
    'vm1/disk',
    async () => {
      renameSync(disk, `${root}/mid`);
      await overlay(disk, `${root}/mid`);
      writeAt(`${root}/mid`, Buffer.from('garbage!'));
    },
  ],
  'in a directory that is not mounted': [
    'vm1',
    () => {
      rmSync(`${instances}/vm1`, { recursive: true });
      symlinkSync(`${root}/not-mounted`, `${instances}/vm1`);
    },
  ],
  'in a directory with a long name': [
    `${'v'.repeat(60)}_resize/disk`,
    () => renameSync(`${instances}/vm1`, `${instances}/${'v'.repeat(60)}_resize`),
  ],
  'under the name of no disk': ['vm1/disk#1', () => renameSync(disk, `${disk}#1`)],
  'under a hidden name': ['vm1/.nfs01', () => renameSync(disk, `${instances}/vm1/.nfs01`)],
  'in a directory below': [
    'vm1/snap/disk',
    () => {
      mkdirSync(`${instances}/vm1/snap`);
      renameSync(disk, `${instances}/vm1/snap/disk`);
    },
  ],
  'in a directory below that leads in circles': [
    'vm1/disk',
    () => symlinkSync(instances, `${instances}/vm1/up`),
  ],
};

test.each(Object.entries(shapes))('a disk that leans on it %s', async (_, [user, make]) => {
  await make();
  const result = await platter(instances, ['template', 'delete', 't', '--yes', '--json']);
  expect({ status: result.status, code: errorOf(result).code }).toEqual({
    status: 4,
    code: 'IN_USE',
  });
  expect(result.stderr).toContain(user);
  await platter(instances, ['template', 'prune', '--unused-for', '0s', '--yes']);
  expect(existsSync(template)).toBe(true);
});

test('a disk keeps another', async () => {
  await overlay(`${disk}.snap1`, described(disk));
  const args = ['image', 'delete', 'vm1/disk', '--yes', '--json'];
  expect(errorOf(await platter(instances, args)).code).toBe('IN_USE');
  rmSync(`${disk}.snap1`);
  expect(await platter(instances, args)).toMatchObject({ status: 0 });
});

test('a disk of which nobody can tell is in its own way no more than another', async () => {
  await overlay(disk, '/not/mounted/mid');
  const remove = (...args: string[]) => platter(instances, [...args, '--yes', '--json']);
  const refused = errorOf(await remove('template', 'delete', 't'));
  expect(refused.message).toContain('vm1/disk leans on: it leans on /not/mounted/mid');
  expect(await remove('image', 'delete', 'vm1/disk')).toMatchObject({ status: 0 });
  expect(await remove('template', 'delete', 't')).toMatchObject({ status: 0 });
});

test('the guest of a raw disk keeps nothing by what it writes', async () => {
  await platter(instances, ['image', 'create', 'vm2/disk', '--size', '1M', '--backend', 'flat']);
  await overlay(`${root}/guest`, 'json:{}');
  writeFileSync(`${instances}/vm2/disk`, readFileSync(`${root}/guest`));
  for (const args of [
    ['image', 'delete', 'vm1/disk'],
    ['template', 'delete', 't'],
  ]) {
    expect(await platter(instances, [...args, '--yes'])).toMatchObject({ status: 0 });
  }
});

test('a directory of another instance that cannot be looked into keeps templates, and no disks', async () => {
  symlinkSync(`${root}/not-mounted`, `${instances}/vm2`);
  const remove = (...args: string[]) => platter(instances, [...args, '--yes', '--json']);
  expect(errorOf(await remove('template', 'delete', 't')).code).toBe('IN_USE');
  expect(await remove('image', 'delete', 'vm1/disk')).toMatchObject({ status: 0 });
});
