import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exitStatusOf } from '../../src/cli/exit-status.ts';
import { loadConfig } from '../../src/cli/config-file.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { errorCodes } from '../../src/errors.ts';
import type { Filesystem } from '../../src/ports/filesystem.ts';

const readme = readFileSync('README.md', 'utf8');
const block = (language: string) =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1] ?? '';

function load(text: string) {
  const filesystem = {
    readText: () => Promise.resolve(text),
    stat: () => Promise.resolve({ kind: 'file' }),
  } as unknown as Filesystem;
  return loadConfig(filesystem, { file: '/c', instancesPath: undefined, environment: {} });
}

test('the README fits into 250 lines', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(251);
});

test('the tree in the README has every folder of src', () => {
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const missing = folders.filter(({ name }) => !readme.includes(`\n  ${name}/ `));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test('the configuration in the README is the default one', async () => {
  expect(await load(block('toml'))).toEqual(resolveConfig());
});

test('the keys that the README has in comments exist', async () => {
  const text = block('toml').replace(/^# (?=[a-z_]+ = )/gm, '');
  expect(await load(text)).toMatchObject({ forceRawImages: true, libvirt: { virtType: 'kvm' } });
});

test.each(errorCodes)('the exit status of %s stands in the README', (code) => {
  const row = new RegExp(`^\\| (\\d+) \\|.*\\b${code}\\b`, 'm').exec(readme);
  expect(Number(row?.[1])).toBe(exitStatusOf(code));
});

test('the seed interface has a row for each of its 25 entries', () => {
  const table = /\| entry \|[\s\S]*?\n\n/.exec(readme)?.[0] ?? '';
  const rows = table.trim().split('\n').slice(2);
  expect(rows).toHaveLength(25);
  for (const row of rows) expect(row.split('|')).toHaveLength(8);
});
