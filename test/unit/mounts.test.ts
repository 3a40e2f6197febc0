/** What is mounted where, by recorded lines of /proc/self/mountinfo. */
import { readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { asksForNames, mountOf } from '../../src/doctor/mounts.ts';

interface Entry {
  readonly name: string;
  readonly exitCode: number;
  readonly stdout: string;
}

function recorded(topic: string): readonly Entry[] {
  const path = new URL(`../../fixtures/nfs-6.1/${topic}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as readonly Entry[];
}

test.each([
  ['names-cached', false],
  ['names-not-cached', true],
  ['attributes-not-cached', true],
])('%s: whether a workspace that was taken over is lost to its owner', (topic, isSafe) => {
  const entries = recorded(topic);
  const line = entries.find(({ name }) => name === 'the mount')?.stdout ?? '';
  const [, major, minor] = / (\d+):(\d+) /.exec(line) ?? [];
  const mount = mountOf(line, Number(major) * 256 + Number(minor));
  expect(mount).toMatchObject({ type: 'nfs', mountPoint: '/mnt/a' });
  if (mount === undefined) return;
  expect(asksForNames(mount)).toBe(isSafe);
  // The reason why the mount options matter.
  const link = entries.find(({ name }) => name === 'link a file out of it');
  expect(link?.exitCode === 0).toBe(!isSafe);
});

describe('of this host', () => {
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');

  test.each(['/proc', '/dev', '/sys'])('%s', (path) => {
    expect(mountOf(mountinfo, statSync(path).dev)?.mountPoint).toBe(path);
  });

  test('none of a device that is not mounted', () => {
    expect(mountOf(mountinfo, 2 ** 31)).toBe(undefined);
  });
});

test('names with spaces, large numbers, and what is mounted over it', () => {
  const lines = [
    '39 31 0:35 / /first rw - nfs4 host:/a rw,vers=4.2',
    String.raw`40 31 259:70000 / /mnt/a\040b rw,noatime shared:1 - ext4 /dev/x rw,quota`,
    '41 31 0:35 / /second rw - nfs4 host:/a rw,vers=4.2,noac,acdirmax=0',
    '',
  ].join('\n');
  expect(mountOf(lines, 0x11110370)).toEqual({
    device: 0x11110370,
    mountPoint: '/mnt/a b',
    type: 'ext4',
    options: ['rw', 'noatime', 'rw', 'quota'],
  });
  expect(mountOf(lines, 35)?.mountPoint).toBe('/second');
});

test('directories whose attributes are kept for a while after a change show old names', () => {
  const line = (options: string) => `39 31 0:35 / /mnt/a rw - nfs4 host:/a rw,${options}`;
  const isSafe = (options: string) => {
    const mount = mountOf(line(options), 35);
    return mount !== undefined && asksForNames(mount);
  };
  expect(isSafe('acdirmax=0')).toBe(false);
  expect(isSafe('acdirmin=0,acdirmax=0')).toBe(true);
});
