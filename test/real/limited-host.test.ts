/** Hosts that cannot do what is asked: full, read-only, without the tool. One clear error, and nothing is lost. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';
import { makeImage } from './file-images.ts';
import { loopMount, type LoopMount } from './loop-mount.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const at = (path: string) => `${directory}/${path}`;

beforeAll(async () => {
  await makeImage(at('t.raw'), 'raw', 8 * 1024 * 1024);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const image = (...args: string[]) => ['image', ...args];
const template = (...args: string[]) => ['template', ...args];

describe('a host that cannot', () => {
  const mounts: LoopMount[] = [];
  afterAll(async () => {
    for (const mount of mounts) await mount.dispose();
  });

  test('a kernel that makes no directories there: told, and soon', async () => {
    const result = await platter('/proc/x', [
      ...image('create', 'vm1/disk', '--size', '1M'),
      '--json',
    ]);
    expect(result.status).toBe(1);
    expect(errorOf(result)).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: 'no directory can be made in /proc',
    });
  });

  test('a full filesystem: NO_SPACE, and nothing is left', async () => {
    const mount = await loopMount('ext4', '24M');
    mounts.push(mount);
    const path = `${mount.directory}/instances`;
    execFileSync('qemu-img', ['create', '-q', '-f', 'raw', at('large.raw'), '64M']);
    execFileSync('qemu-io', ['-f', 'raw', '-c', 'write -P 0x11 0 40M', at('large.raw')]);
    const add = await platter(path, ['template', 'add', 'large', at('large.raw'), '--json']);
    expect({ code: errorOf(add).code, status: add.status }).toEqual({
      code: 'NO_SPACE',
      status: 1,
    });
    await platter(path, ['template', 'add', 't', at('t.raw')]);
    execFileSync('bash', [
      '-c',
      `dd if=/dev/zero of=${mount.directory}/fill bs=1k 2> /dev/null || true`,
    ]);
    const before = execFileSync('find', [mount.directory], { encoding: 'utf8' });
    for (const backend of ['flat', 'qcow2']) {
      const made = await platter(path, [
        ...['image', 'create', `vm-${backend}/disk`, '--template', 't', '--backend', backend],
        '--json',
      ]);
      expect({ code: errorOf(made).code, status: made.status }).toEqual({
        code: 'NO_SPACE',
        status: 1,
      });
    }
    const images = await platter(path, ['image', 'list', '--json']);
    expect(JSON.parse(images.stdout)).toEqual([]);
    const after = execFileSync('find', [mount.directory], { encoding: 'utf8' });
    expect(after.split('\n').filter((line) => /work|lease|part|disk$/.test(line))).toEqual([]);
    expect(before).toContain('_base/t');
    expect(after).toContain('_base/t');
  });

  test('a read-only filesystem: PERMISSION_DENIED, and reading goes on', async () => {
    const mount = await loopMount('ext4', '64M');
    mounts.push(mount);
    const path = `${mount.directory}/instances`;
    await platter(path, ['template', 'add', 't', at('t.raw')]);
    await platter(path, ['image', 'create', 'vm1/disk', '--template', 't']);
    execFileSync('mount', ['-o', 'remount,ro', mount.directory]);
    const changes = [
      image('create', 'vm2/disk', '--template', 't'),
      image('create', 'vm2/disk', '--size', '1M'),
      image('resize', 'vm1/disk', '--size', '1G'),
      image('delete', 'vm1/disk', '--yes'),
      template('add', 'n', at('t.raw')),
      template('delete', 't', '--yes'),
      ['snapshot', 'create', 'vm1/disk@s'],
    ];
    for (const args of changes) {
      const result = await platter(path, [...args, '--json']);
      expect({ args, code: errorOf(result).code, status: result.status }).toEqual({
        args,
        code: 'PERMISSION_DENIED',
        status: 1,
      });
    }
    const shown = await platter(path, ['image', 'show', 'vm1/disk', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ virtualSizeBytes: 8 * 1024 * 1024 });
    const described = await platter(path, ['image', 'xml', 'vm1/disk']);
    expect(described.stdout).toContain('cache="writeback"');
    expect(described.stderr).toContain('direct I/O (EROFS)');
  });

  test('a tool that is missing: TOOL_MISSING, with the package to install', async () => {
    const bin = at('bin');
    mkdirSync(bin);
    for (const tool of ['node', 'cp', 'prlimit']) {
      symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), `${bin}/${tool}`);
    }
    const instances = at('instances');
    await platter(instances, template('add', 't', at('t.raw')));
    const before = execFileSync('find', [instances], { encoding: 'utf8' });
    const result = execFileSync(
      'bash',
      [
        '-c',
        `PATH=${bin} node dist/cli/main.js --instances-path ${instances} image create vm2/disk --template t --json 2>&1 || true`,
      ],
      { encoding: 'utf8' },
    );
    expect((JSON.parse(result) as { error: object }).error).toMatchObject({
      code: 'TOOL_MISSING',
      hint: 'apt-get install qemu-utils',
    });
    expect(execFileSync('find', [instances], { encoding: 'utf8' })).toBe(before);
  });
});
