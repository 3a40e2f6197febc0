/** The built command as a user meets it, where nothing goes wrong. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { platter } from './command.ts';
import { makeImage } from './file-images.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${directory}/instances`;
const source = `${directory}/t.qcow2`;

beforeAll(() => makeImage(source, 'qcow2', 8 * 1024 * 1024));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function json(args: readonly string[]): Promise<unknown> {
  const result = await platter(instances, [...args, '--json']);
  expect(result, result.stderr).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(result.stdout);
}

test('a template from standard input says so', async () => {
  const command = `node dist/cli/main.js --instances-path ${instances} template add t - --json`;
  const output = execFileSync('bash', ['-c', command], { input: readFileSync(source) });
  expect(JSON.parse(String(output))).toMatchObject({ source: 'standard input', format: 'qcow2' });
});

test('show gives what create gave', async () => {
  const made = await json(['image', 'create', 'vm1/disk', '--template', 't', '--size', '1G']);
  expect(await json(['image', 'show', 'vm1/disk'])).toEqual(made);
});

test('a size that is shown rounded is shown exactly too', async () => {
  await platter(instances, ['image', 'create', 'vm2/disk', '--size', '1000000000']);
  const { stdout } = await platter(instances, ['image', 'show', 'vm2/disk']);
  expect(stdout).toMatch(/^virtual size {2}954 MiB \(1000000000 bytes\)$/m);
});

test('a raw file that becomes a flat disk says how it was made', async () => {
  await makeImage(`${directory}/t.raw`, 'raw', 8 * 1024 * 1024);
  const made = await json([
    ...['image', 'import', `${directory}/t.raw`, 'vm3/disk', '--backend', 'flat'],
  ]);
  expect(made).toMatchObject({ backend: 'flat', method: 'received' });
});

test('a dry run names sizes as people do, and changes nothing', async () => {
  const { stdout } = await platter(instances, [
    ...['image', 'resize', 'vm1/disk', '--size', '2G', '--dry-run'],
  ]);
  expect(stdout).toContain('grow it to 2 GiB\n');
  expect(stdout).toContain('nothing is copied or reserved\n');
  expect(await json(['image', 'show', 'vm1/disk'])).toMatchObject({ virtualSizeBytes: 1024 ** 3 });
});

test('a dry run tells how much is copied, at most, and where nobody knows', async () => {
  const plan = async (...args: string[]) =>
    (await platter(instances, [...args, '--dry-run'])).stdout.trim().split('\n').at(-1);
  expect(await plan('template', 'add', 'n', source)).toMatch(/^at most 1\.\d MiB is copied/);
  expect(await plan('template', 'add', 'n', '-')).toBe('how much is copied is not known before');
  // What it leans on is copied too.
  expect(await plan('image', 'export', 'vm1/disk', `${directory}/x`)).toContain('at most 1 GiB');
  expect(await plan('image', 'flatten', 'vm1/disk')).toContain('at most 1 GiB');
});

test('a disk of another kind is encrypted by nobody, but for what Nova leaves plain', async () => {
  const config = `${directory}/encrypted.toml`;
  writeFileSync(config, '[encryption]\nenabled = true\n');
  const create = ['image', 'create', 'vm4/disk.config', '--size', '1M', '--config', config];
  expect(await json([...create, '--backend', 'flat'])).toMatchObject({ backend: 'flat' });
});

test('an instances path that is not there is told, and is no error', async () => {
  const mistaken = `${directory}/mistaken`;
  const { status, stdout, stderr } = await platter(mistaken, ['image', 'list', '--json']);
  expect({ status, stdout: JSON.parse(stdout) as unknown }).toEqual({ status: 0, stdout: [] });
  expect(stderr).toContain(`no directory ${mistaken}`);
});
