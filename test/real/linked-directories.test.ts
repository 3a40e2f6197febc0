/** An instance that was moved to where there is more room, and a link left in its place. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';
import { makeImage } from './file-images.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${directory}/instances`;
const run = (...args: readonly string[]) => platter(instances, ['--json', ...args]);

beforeAll(async () => {
  await makeImage(`${directory}/t.raw`, 'raw', 2 * 1024 * 1024);
  await platter(instances, ['template', 'add', 't', `${directory}/t.raw`]);
  await platter(instances, ['image', 'create', 'vm1/disk', '--template', 't']);
  mkdirSync(`${directory}/large`);
  renameSync(`${instances}/vm1`, `${directory}/large/vm1`);
  symlinkSync(`${directory}/large/vm1`, `${instances}/vm1`);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('its disks are found, and keep their template', async () => {
  expect(JSON.parse((await run('image', 'list')).stdout)).toMatchObject([{ instance: 'vm1' }]);
  expect(JSON.parse((await run('template', 'show', 't')).stdout)).toMatchObject({
    usedBy: ['vm1/disk'],
  });
  expect(errorOf(await run('template', 'delete', 't', '--yes')).code).toBe('IN_USE');
  await run('template', 'prune', '--unused-for', '0s', '--yes');
  expect(readFileSync(`${instances}/_base/t`)).toHaveLength(2 * 1024 * 1024);
});

test('what a link in the place of a disk leans on nobody knows', async () => {
  mkdirSync(`${instances}/vm2`);
  symlinkSync(`${directory}/t.raw`, `${instances}/vm2/disk`);
  expect(JSON.parse((await run('template', 'show', 't')).stdout)).toMatchObject({
    usedBy: ['vm1/disk', 'vm2/disk'],
  });
  rmSync(`${instances}/vm2`, { recursive: true });
});

test('disks are made and removed there', async () => {
  expect(await run('image', 'create', 'vm1/other', '--size', '1M')).toMatchObject({ status: 0 });
  for (const disk of ['disk', 'other']) {
    expect(await run('image', 'delete', `vm1/${disk}`, '--yes')).toMatchObject({ status: 0 });
  }
  expect(JSON.parse((await run('image', 'list')).stdout)).toEqual([]);
  expect(await run('template', 'delete', 't', '--yes')).toMatchObject({ status: 0 });
});

test.each([
  ['vm4', ['image', 'create', 'vm4/disk', '--size', '1M']],
  ['_base', ['template', 'add', 't', `${directory}/t.raw`]],
  ['locks', ['image', 'create', 'vm5/disk', '--size', '1M']],
])('a link %s to what is not mounted is told as that', async (name, args) => {
  const path = `${instances}/${name}`;
  rmSync(path, { recursive: true, force: true });
  symlinkSync(`${directory}/nowhere`, path);
  expect(errorOf(await run(...args))).toMatchObject({
    code: 'NOT_FOUND',
    message: `${path} is a link to what is not there`,
  });
  rmSync(path);
});
