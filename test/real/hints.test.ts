/** What is wrong is told in words that lead on: which size a format can hold, what a link leads to, what stands in the way. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import { errorOf, platter } from './command.ts';
import { makeImage } from './file-images.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${directory}/instances`;
const at = (path: string) => `${directory}/${path}`;
const failure = async (...args: string[]) => errorOf(await platter(instances, [...args, '--json']));

beforeAll(async () => {
  await makeImage(at('t'), 'qcow2', 8 * 1024 * 1024);
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', at('huge'), '100T']);
  symlinkSync(at('t'), at('link'));
  execFileSync('mkfifo', [at('pipe')]);
  mkdirSync(`${instances}/vm3/d`, { recursive: true });
  await platter(instances, ['image', 'create', 'vm1/disk', '--size', '1M']);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('a size that qcow2 cannot hold', async () => {
  expect(await failure('image', 'create', 'vm1/x', '--size', '7P')).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'the size 7 PiB is too large: a qcow2 with clusters of 64 KiB holds 2 PiB at most',
  });
  expect(await failure('image', 'resize', 'vm1/disk', '--size', '7P')).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'cannot grow the disk: the size is too large for its format',
  });
});

test.each([
  ['link', 'the file that the link leads to'],
  ['pipe', 'into a regular file'],
  ['huge', '[limits]'],
])('a source that is refused: %s', async (name, hint) => {
  const refused = await failure('template', 'add', 't', at(name));
  expect(refused).toMatchObject({ code: 'UNSAFE_IMAGE' });
  expect(refused.hint).toContain(hint);
});

test.each([
  ['create', 'vm3/d', '--size', '1M', '--backend', 'flat'],
  ['import', at('t'), 'vm3/d'],
  ['import', at('t'), 'vm3/d', '--dry-run'],
])('a directory in the place of a disk: image %s', async (...args) => {
  const refused = await failure('image', ...args);
  expect(refused).toMatchObject({
    code: 'ALREADY_EXISTS',
    message: 'a directory stands in the place of vm3/d',
  });
  expect(refused.hint).toContain(`${instances}/vm3/d`);
});

test('a path in the configuration that is none', async () => {
  writeFileSync(at('nul.toml'), 'instances_path = "/a\\u0000b"\n');
  const args = ['image', 'list', '--json', '--config', at('nul.toml')];
  const result = execFileSync('bash', ['-c', `node dist/cli/main.js ${args.join(' ')} 2>&1 || :`]);
  expect(String(result)).toContain('CONFIG_INVALID');
});

test('a warning names no class of errors', async () => {
  const messages: string[] = [];
  const host = nodeHost();
  const removeTree = () => Promise.reject(new PlatterError('CANCELED', 'interrupted by SIGINT'));
  const backend = new Backend({
    host: {
      ...host,
      filesystem: { ...host.filesystem, removeTree },
      events: { emit: (event) => void ('message' in event && messages.push(event.message)) },
    },
    config: { instancesPath: instances },
  });
  await backend
    .image({ id: 'vm1' }, 'disk')
    .destroy()
    .catch(() => {});
  expect(messages.join()).toContain('cannot clear up after it: interrupted by SIGINT');
});
