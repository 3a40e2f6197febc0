/** What only the real filesystem has: symbolic links, and files of all lengths. */
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { codeOf } from '../contract/world.ts';

const { filesystem } = nodeHost();
let directory: string;

beforeEach(async () => {
  directory = await fs.mkdtemp(`${tmpdir()}/platter-test-`);
});
afterEach(() => fs.rm(directory, { recursive: true, force: true }));

test('removing a tree follows no symbolic link', async () => {
  await fs.mkdir(`${directory}/kept`);
  await fs.writeFile(`${directory}/kept/file`, 'x');
  await fs.mkdir(`${directory}/tree/inner`, { recursive: true });
  await fs.writeFile(`${directory}/tree/inner/file`, 'x');
  await fs.symlink(`${directory}/kept`, `${directory}/tree/inner/link`);
  await fs.symlink(`${directory}/kept`, `${directory}/link`);
  await fs.symlink(`${directory}/nowhere`, `${directory}/dangling`);
  for (const name of ['tree', 'link', 'dangling', 'kept/file/x', 'none']) {
    await filesystem.removeTree(`${directory}/${name}`);
  }
  expect(await fs.readdir(directory)).toEqual(['kept']);
  expect(await fs.readFile(`${directory}/kept/file`, 'utf8')).toBe('x');
});

test.each([0, 1, 4095, 4096, 4097, 8192, 100_000])('a text of %i bytes', async (length) => {
  const text = 'é'.repeat(length / 2) + 'x'.repeat(length % 2);
  await fs.writeFile(`${directory}/text`, text);
  expect(await filesystem.readText(`${directory}/text`)).toBe(text);
  expect(await filesystem.readText(`${directory}/text`, length)).toBe(text);
  if (length === 0) return;
  expect(await codeOf(filesystem.readText(`${directory}/text`, length - 1))).toBe('EFBIG');
});
