/** `platter doctor`: what it finds on this host, what it says of one that lacks something, and that it leaves nothing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check, Diagnosis } from '../../src/doctor/check.ts';
import { platter } from './command.ts';
import { loopMount } from './loop-mount.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const at = (path: string) => `${directory}/${path}`;
const instances = at('instances');

beforeAll(() => mkdirSync(instances));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function diagnosis(path: string, ...args: string[]) {
  const { status, stdout, stderr } = await platter(path, ['doctor', '--json', ...args]);
  return { status, stderr, ...(JSON.parse(stdout) as Diagnosis) };
}

function check({ checks }: Diagnosis, id: string): Check | undefined {
  return checks.find((one) => one.id === id);
}

function config(name: string, toml: string): string {
  writeFileSync(at(name), toml);
  return at(name);
}

describe('on a host that has all', () => {
  test('it is healthy, and the versions are those of the tools', async () => {
    const found = await diagnosis(instances);
    expect(found).toMatchObject({ status: 0, healthy: true, stderr: '' });
    const said = execFileSync('qemu-img', ['--version'], { encoding: 'utf8' });
    const version = check(found, 'tool qemu-img')?.details?.['version'];
    expect(said).toContain(`version ${String(version)}`);
    expect(check(found, 'directory instances')).toMatchObject({ status: 'ok' });
    expect(check(found, 'backend qcow2')).toMatchObject({ status: 'ok' });
    // Each thing is told once.
    expect(new Set(found.checks.map(({ id }) => id)).size).toBe(found.checks.length);
  });

  test('it leaves nothing', async () => {
    const before = execFileSync('find', [directory], { encoding: 'utf8' });
    await diagnosis(instances);
    await diagnosis(at('not/made/yet'));
    expect(execFileSync('find', [directory], { encoding: 'utf8' })).toBe(before);
  });

  test('a directory that is not made yet is no problem, and is not made', async () => {
    const found = await diagnosis(at('later'));
    expect(found.healthy).toBe(true);
    expect(check(found, 'directory instances')?.details).toMatchObject({ exists: false });
    expect(existsSync(at('later'))).toBe(false);
  });

  test('people are told one line a check, and a last one', async () => {
    const { status, stdout } = await platter(instances, ['doctor']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ok +qemu-img \d/m);
    expect(stdout.trim().split('\n').at(-1)).toContain('has all that its configuration needs');
  });
});

describe('what the filesystem can', () => {
  test.each([
    ['xfs', true],
    ['ext4', false],
  ] as const)('%s: reflinks %s', async (type, hasReflinks) => {
    const mount = await loopMount(type, type === 'xfs' ? '320M' : '64M');
    try {
      const found = await diagnosis(`${mount.directory}/instances`);
      expect(check(found, 'filesystem reflinks')?.details).toEqual({ isAble: hasReflinks });
      expect(check(found, 'filesystem reservation')?.details).toMatchObject({ isAble: true });
      expect(check(found, 'filesystem space')).toMatchObject({ status: 'warning' });
      execFileSync('mount', ['-o', 'remount,ro', mount.directory]);
      const readOnly = await diagnosis(`${mount.directory}/instances`);
      expect(readOnly).toMatchObject({ status: 1, healthy: false });
      expect(check(readOnly, 'directory instances')).toMatchObject({
        status: 'problem',
        message: expect.stringContaining('read-only') as string,
      });
    } finally {
      await mount.dispose();
    }
  });
});

/** With no other tools than these on the path. */
function withTools(tools: readonly string[], ...args: string[]) {
  const bin = mkdtempSync(at('bin-'));
  for (const tool of ['node', ...tools]) {
    symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), `${bin}/${tool}`);
  }
  const command = ['dist/cli/main.js', '--instances-path', instances, 'doctor', '--json', ...args];
  const { status, stdout } = spawnSync('node', command, {
    encoding: 'utf8',
    env: { ...process.env, PATH: bin },
  });
  return { status, ...(JSON.parse(stdout) as Diagnosis) };
}

describe('a host that lacks something', () => {
  test('qemu-img: a problem, with the package to install', () => {
    const found = withTools(['cp', 'prlimit']);
    expect(found).toMatchObject({ status: 1, healthy: false });
    expect(check(found, 'tool qemu-img')).toMatchObject({
      status: 'problem',
      hint: 'apt-get install qemu-utils',
      details: { isPresent: false, isNeeded: true },
    });
  });

  test('bubblewrap: a warning that limits are all', () => {
    const found = withTools(['cp', 'prlimit', 'qemu-img']);
    expect(found).toMatchObject({ status: 0, healthy: true });
    expect(check(found, 'containment')).toMatchObject({
      status: 'warning',
      details: { kind: 'limits' },
    });
  });

  test('fallocate: a problem only where space is to be reserved', () => {
    const tools = ['cp', 'prlimit', 'qemu-img'];
    expect(check(withTools(tools), 'tool fallocate')).toMatchObject({ status: 'ok' });
    const file = config('space.toml', 'preallocate_images = "space"\n');
    expect(check(withTools(tools, '--config', file), 'tool fallocate')).toMatchObject({
      status: 'problem',
    });
  });

  const cases: readonly (readonly [what: string, toml: string, id: string])[] = [
    ['no volume group', 'default_image_type = "lvm"\n', 'backend lvm'],
    ['a volume group that is not there', '[lvm]\nvolume_group = "no-such-group"\n', 'backend lvm'],
    ['no pool', 'default_image_type = "rbd"\n', 'backend rbd'],
    ['no cluster', '[rbd]\npool = "p"\nceph_conf = "/nothing"\n', 'backend rbd'],
    ['no keys', '[encryption]\nenabled = true\n', 'directory keys'],
    [
      'keys that are not there',
      '[encryption]\nenabled = true\nkey_directory = "/nothing"\n',
      'directory keys',
    ],
  ];
  test.each(cases)('%s: a problem with a hint', async (what, toml, id) => {
    const found = await diagnosis(instances, '--config', config(`${what}.toml`, toml));
    expect(found).toMatchObject({ status: 1, healthy: false });
    expect(check(found, id)).toMatchObject({ status: 'problem' });
    for (const { status, hint } of found.checks) {
      if (status === 'problem') expect(hint).toBeTruthy();
    }
  });

  test('a kernel without ploop: told what does not work', async () => {
    const file = config('ploop.toml', 'default_image_type = "ploop"\n');
    const found = await diagnosis(instances, '--config', file);
    const expected = existsSync('/sys/module/ploop') ? 'ok' : 'warning';
    expect(check(found, 'kernel ploop')?.status).toBe(expected);
  });

  test.each(['/sys/kernel/platter', '/dev/null/x', '/etc/hostname'])(
    'nowhere to write: %s',
    async (path) => {
      const found = await diagnosis(path);
      expect(found).toMatchObject({ status: 1, healthy: false });
      expect(check(found, 'directory instances')).toMatchObject({ status: 'problem' });
    },
  );
});

describe('wrong input', () => {
  test.each([
    ['an argument', ['doctor', 'vm1/disk']],
    ['an unknown option', ['doctor', '--fix']],
    ['a missing configuration', ['doctor', '--config', '/nothing']],
  ])('%s: usage', async (_, args) => {
    const { status, stdout } = await platter(instances, [...args, '--json']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
