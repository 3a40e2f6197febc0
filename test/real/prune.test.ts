/** `platter template prune`: real use decides, age only delays. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PruneResult } from '../../src/templates/prune.ts';
import { errorOf, platter } from './command.ts';
import { makeImage } from './file-images.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${directory}/instances`;
const base = `${instances}/_base`;
const MiB = 1024 * 1024;

/** One that a disk leans on, one that was used long ago, and one that was used just now. */
beforeAll(async () => {
  await makeImage(`${directory}/t.raw`, 'raw', 2 * MiB);
  for (const name of ['used', 'old', 'young']) {
    await platter(instances, ['template', 'add', name, `${directory}/t.raw`]);
  }
  await platter(instances, ['image', 'create', 'vm1/disk', '--template', 'used']);
  const longAgo = new Date(Date.now() - 48 * 3600 * 1000);
  for (const name of ['used', 'old']) utimesSync(`${base}/${name}`, longAgo, longAgo);
  mkdirSync(`${base}/.platter/broken.partial`);
  writeFileSync(`${base}/.platter/broken.partial/content`, 'x'.repeat(10_000));
  utimesSync(`${base}/.platter/broken.partial`, longAgo, longAgo);
  execFileSync('cp', ['-a', instances, `${instances}-as-made`]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(instances, { recursive: true, force: true });
  execFileSync('cp', ['-a', `${instances}-as-made`, instances]);
});

async function prune(...args: string[]): Promise<PruneResult> {
  const { status, stdout, stderr } = await platter(instances, [
    ...['template', 'prune', '--json', ...args],
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as PruneResult;
}

const left = () => readdirSync(base).filter((name) => !name.startsWith('.'));

test('what nothing leans on, and was not used for a day, goes; so do broken downloads', async () => {
  const { blocks } = statSync(`${base}/.platter/broken.partial/content`);
  const freedBytes = 2 * MiB + blocks * 512;
  expect(blocks).toBeGreaterThan(0);
  expect(await prune('--dry-run')).toMatchObject({ removed: ['old'], freedBytes });
  expect(await prune('--yes')).toMatchObject({ removed: ['old'], freedBytes });
  expect(left()).toEqual(['used', 'young']);
  expect(existsSync(`${base}/.platter/broken.partial`)).toBe(false);
  const shown = await platter(instances, ['template', 'show', 'used', '--json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ usedBy: ['vm1/disk'] });
});

test('--dry-run tells the same, and changes nothing', async () => {
  const before = execFileSync('find', [instances], { encoding: 'utf8' });
  const { removed, kept } = await prune('--dry-run');
  expect(removed).toEqual(['old']);
  expect(kept.map(({ name }) => name).sort()).toEqual(['used', 'young']);
  expect(execFileSync('find', [instances], { encoding: 'utf8' })).toBe(before);
});

test('no age spares one that a disk leans on, and no disk one that is old enough', async () => {
  expect(await prune('--unused-for', '0s', '--yes')).toMatchObject({ removed: ['old', 'young'] });
  expect(left()).toEqual(['used']);
});

test('a limit of space takes the longest unused first, and no more than it has to', async () => {
  const file = `${directory}/limit.toml`;
  writeFileSync(file, `[image_cache]\nminimum_age_seconds = 864000\nmaximum_bytes = ${4 * MiB}\n`);
  expect(await prune('--config', file, '--yes')).toMatchObject({ removed: ['old'] });
  expect(left()).toEqual(['used', 'young']);
});

describe('what Nova has put there', () => {
  const file = `${directory}/little.toml`;
  beforeAll(() => {
    writeFileSync(file, '[image_cache]\nminimum_age_seconds = 3600\nmaximum_bytes = 1\n');
  });
  const put = (name: string, hoursAgo: number) => {
    writeFileSync(`${base}/${name}`, 'x'.repeat(4096));
    const time = new Date(Date.now() - hoursAgo * 3600 * 1000);
    utimesSync(`${base}/${name}`, time, time);
  };

  test('is spared by a limit of space while it is young', async () => {
    put('nova', 0);
    expect(await prune('--config', file, '--yes')).toMatchObject({ removed: ['old', 'young'] });
    put('nova', 2);
    expect(await prune('--config', file, '--yes')).toMatchObject({ removed: ['nova'] });
  });

  test.each(['0123.part', '0123.converted'])(
    'and is not whole is not its matter: %s',
    async (name) => {
      put(name, 48);
      const { removed, kept } = await prune('--config', file, '--unused-for', '0s', '--yes');
      expect(removed).not.toContain(name);
      expect(kept).toContainEqual({ name, reason: 'somebody may still write it' });
      expect(left()).toContain(name);
    },
  );
});

test.each([
  ['without a yes', ['template', 'prune'], 'INVALID_ARGUMENT'],
  [
    'with a strange age',
    ['template', 'prune', '--unused-for', 'soon', '--yes'],
    'INVALID_ARGUMENT',
  ],
  ['with a name', ['template', 'prune', 'old', '--yes'], 'INVALID_ARGUMENT'],
])('%s: usage, and nothing goes', async (_, args, code) => {
  const result = await platter(instances, [...args, '--json']);
  expect({ status: result.status, code: errorOf(result).code }).toEqual({ status: 2, code });
  expect(left()).toEqual(['old', 'used', 'young']);
});
