/** Records that were damaged by hand, or written by a newer platter: told as such, and nothing else is hidden by them. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';
import { makeImage } from './file-images.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${directory}/instances`;
afterAll(() => rmSync(directory, { recursive: true, force: true }));

beforeAll(async () => {
  await makeImage(`${directory}/t.raw`, 'raw', 8 * 1024 * 1024);
  for (const args of [
    ['template', 'add', 't', `${directory}/t.raw`],
    ['template', 'add', 'other', `${directory}/t.raw`],
    ['image', 'create', 'vm1/disk', '--template', 't'],
    ['image', 'create', 'vm1/more', '--size', '1M', '--backend', 'flat'],
  ]) {
    expect((await platter(instances, args)).status).toBe(0);
  }
});

/** The file of the record, damaged during `act`. */
async function damaged(name: string, edit: (text: string) => string, act: () => Promise<void>) {
  const folder = `${instances}/${name}`;
  const path = name.endsWith('.record') ? `${folder}/${readdirSync(folder)[0]}` : folder;
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, edit(text));
  await act();
  writeFileSync(path, text);
}

async function names(noun: string, key: string): Promise<unknown[]> {
  const { status, stdout } = await platter(instances, [noun, 'list', '--json']);
  expect(status).toBe(0);
  return (JSON.parse(stdout) as Record<string, unknown>[]).map((found) => found[key]);
}

async function codeOf(...args: string[]): Promise<string> {
  return errorOf(await platter(instances, [...args, '--json'])).code;
}

test.each([
  ['that is no JSON', () => '{'],
  ['of a backend of the future', (text: string) => text.replace('"qcow2"', '"zfs"')],
])('the record of an image %s', (_, edit) =>
  damaged('vm1/.platter/disk.record', edit, async () => {
    expect(await codeOf('image', 'show', 'vm1/disk')).toBe('CORRUPT');
    expect(await names('image', 'disk')).toEqual(['more']);
    const { stdout } = await platter(instances, ['audit', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ subject: 'vm1/disk' }]);
  }),
);

test('what cannot be recovered keeps nothing else from it', async () => {
  await platter(instances, ['image', 'create', 'vm2/disk', '--size', '1M']);
  const leftover = `${instances}/vm2/.platter/disk~00000000000000aa.work`;
  mkdirSync(leftover);
  await damaged(
    'vm1/disk.info',
    () => '{',
    async () => {
      const error = errorOf(await platter(instances, ['recover', '--json']));
      const details = { target: 'vm1', recovered: ['vm2/disk'], others: [] };
      expect(error).toMatchObject({ code: 'CORRUPT', details });
    },
  );
  expect(existsSync(leftover)).toBe(false);
  await platter(instances, ['image', 'delete', 'vm2/disk', '--yes']);
});

test.each([
  ['that is empty', () => ''],
  ['of another kind', () => '{"version":1,"instance":"vm1"}'],
  ['with words for sizes', (text: string) => text.replaceAll('8388608', '"8M"')],
])('the record of a template %s', (_, edit) =>
  damaged('_base/.platter/t.record', edit, async () => {
    expect(await codeOf('template', 'show', 't')).toBe('CORRUPT');
    expect(await codeOf('image', 'create', 'vm2/disk', '--template', 't')).toBe('CORRUPT');
    expect(await names('template', 'name')).toEqual(['other']);
    expect(await names('image', 'disk')).toEqual(['disk', 'more']);
  }),
);

test('a disk.info that cannot be read hides no disk that has a record', () =>
  damaged(
    'vm1/disk.info',
    () => '{',
    async () => expect(await names('image', 'disk')).toEqual(['disk', 'more']),
  ));

test('a raw file that nothing on record knows is not told to be recorded as qcow2', async () => {
  mkdirSync(`${instances}/vm3`);
  await makeImage(`${instances}/vm3/disk`, 'raw', 1024 * 1024);
  const error = errorOf(await platter(instances, ['image', 'show', 'vm3/disk', '--json']));
  expect(error).toMatchObject({
    code: 'CORRUPT',
    message: 'the disk is taken for qcow2, but it has no qcow2 header',
    hint: expect.stringContaining('disk.info') as string,
  });
  rmSync(`${instances}/vm3`, { recursive: true });
});
