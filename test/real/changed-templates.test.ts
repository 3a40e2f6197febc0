/** Templates that are not any more, or never were, what somebody takes them for. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';
import { makeImage, run as runTool } from './file-images.ts';

const MiB = 1024 * 1024;

let root: string;
let instances: string;
const run = (...args: readonly string[]) => platter(instances, ['--json', ...args]);

async function codeOf(...args: readonly string[]): Promise<string> {
  return errorOf(await run(...args)).code;
}

async function must(...args: readonly string[]) {
  const result = await run(...args);
  expect(result, result.stderr).toMatchObject({ status: 0 });
  return result;
}

beforeEach(async () => {
  root = mkdtempSync(`${tmpdir()}/platter-test-`);
  instances = `${root}/instances`;
  await makeImage(`${root}/a`, 'qcow2', 4 * MiB);
  await makeImage(`${root}/b`, 'qcow2', 4 * MiB);
  await runTool('qemu-io', ['-f', 'qcow2', '-c', 'write -P 99 2M 1M', `${root}/b`]);
  await must('template', 'add', 't', `${root}/a`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a store that is gone under a disk', () => {
  beforeEach(async () => {
    await must('image', 'create', 'vm1/disk', '--template', 't');
    rmSync(`${instances}/_base`, { recursive: true });
  });

  test('does not come back with another content', async () => {
    const { code, message } = errorOf(await run('template', 'add', 't', `${root}/b`));
    expect(code).toBe('TEMPLATE_CHANGED');
    expect(message).toContain('vm1/disk');
    expect(existsSync(`${instances}/_base/t`)).toBe(false);
    expect((await must('template', 'add', 't', `${root}/a`)).stderr).toBe('');
    await must('template', 'verify', 't');
  });

  test('does not come back in another format', async () => {
    await runTool('qemu-img', ['convert', '-O', 'raw', `${root}/a`, `${root}/a.raw`]);
    expect(await codeOf('template', 'add', 't', `${root}/a.raw`)).toBe('TEMPLATE_CHANGED');
    const file = `${root}/raw.toml`;
    await runTool('bash', ['-c', `echo 'force_raw_images = true' > ${file}`]);
    expect(await codeOf('template', 'add', 't', `${root}/a`, '--config', file)).toBe(
      'TEMPLATE_CHANGED',
    );
    expect(existsSync(`${instances}/_base/t`)).toBe(false);
  });

  test('nor does what somebody has put there count as the same', async () => {
    await must('template', 'add', 'other', `${root}/b`);
    copyFileSync(`${root}/b`, `${instances}/_base/t`);
    expect(await codeOf('template', 'verify', 't')).toBe('TEMPLATE_CHANGED');
    expect(await codeOf('image', 'create', 'vm2/disk', '--template', 't')).toBe('TEMPLATE_CHANGED');
    expect(readdirSync(`${instances}/_base/.platter`)).toEqual(['other.record']);
    copyFileSync(`${root}/a`, `${instances}/_base/t`);
    await must('template', 'verify', 't');
  });

  test('is told to who would read what it leans on', async () => {
    for (const args of [
      ['flatten', 'vm1/disk'],
      ['export', 'vm1/disk', `${root}/out`],
      ['resize', 'vm1/disk', '--size', '8M'],
    ]) {
      for (const dry of [['--dry-run'], []]) {
        const { code, message, hint } = errorOf(await run('image', ...args, ...dry));
        expect({ code, message }).toEqual({
          code: 'NOT_FOUND',
          message: 'the file of template "t" is gone',
        });
        expect(hint).toBe('platter template add t SOURCE');
      }
    }
    expect(existsSync(`${root}/out`)).toBe(false);
  });

  test('of which no record tells comes back with a warning', async () => {
    rmSync(`${instances}/vm1/.platter`, { recursive: true });
    const { stderr } = await must('template', 'add', 't', `${root}/b`);
    expect(stderr).toContain(
      'nobody can tell whether template t is the one that vm1/disk leans on',
    );
  });
});

test('a template with another name is said to have one', async () => {
  linkSync(`${instances}/_base/t`, `${root}/backup`);
  const { code, message, hint } = errorOf(
    await run('image', 'create', 'vm1/disk', '--template', 't'),
  );
  expect(code).toBe('TEMPLATE_CHANGED');
  expect(message).toContain('hard links');
  expect(hint).toContain(`-samefile ${instances}/_base/t`);
  rmSync(`${root}/backup`);
  await must('image', 'create', 'vm1/disk', '--template', 't');
});

test.each([
  ['a symbolic link', (path: string) => symlinkSync(`${root}/a`, path)],
  ['a directory', (path: string) => mkdirSync(path)],
])('%s in the place of a template is told to whoever asks for it', async (what, make) => {
  make(`${instances}/_base/u`);
  for (const args of [
    ['template', 'show', 'u'],
    ['template', 'add', 'u', `${root}/b`],
    ['template', 'verify', 'u'],
    ['template', 'delete', 'u', '--yes'],
    ['image', 'create', 'vm1/disk', '--template', 'u'],
  ]) {
    const { code, message } = errorOf(await run(...args));
    expect({ args, code }).toEqual({ args, code: 'UNSAFE_IMAGE' });
    expect(message).toContain(`in the place of template "u" is ${what}`);
  }
  const { stdout } = await must('template', 'list');
  expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toEqual(['t']);
  await must('recover');
});

describe('a template that was found damaged', () => {
  const kinds = async () =>
    (JSON.parse((await must('audit')).stdout) as { kind: string }[]).map(({ kind }) => kind);
  const create = ['image', 'create', 'vm1/disk', '--template', 't'] as const;

  beforeEach(async () => {
    await runTool('qemu-io', ['-f', 'qcow2', '-c', 'write -P 66 0 1k', `${instances}/_base/t`]);
    expect(await codeOf('template', 'verify', 't')).toBe('CHECKSUM_MISMATCH');
    expect(await codeOf('template', 'verify', 't')).toBe('CHECKSUM_MISMATCH');
  });

  test('is used again once it is restored and verified', async () => {
    const { code, hint } = errorOf(await run(...create));
    expect({ code, hint }).toMatchObject({ code: 'TEMPLATE_CHANGED' });
    expect(hint).toContain('platter template verify t');
    expect(await codeOf('template', 'add', 't', `${root}/a`)).toBe('ALREADY_EXISTS');
    expect(await kinds()).toEqual(['damaged-template']);
    await must('recover');
    expect(await kinds()).toEqual(['damaged-template']);
    rmSync(`${instances}/_base/t`);
    copyFileSync(`${root}/a`, `${instances}/_base/t`);
    expect(await codeOf(...create)).toBe('TEMPLATE_CHANGED');
    await must('template', 'verify', 't');
    await must(...create);
    expect(await kinds()).toEqual([]);
  });

  test('is not copied into disks, and into files with a warning', async () => {
    renameSync(`${instances}/_base/.platter/t.damaged`, `${root}/mark`);
    await must(...create);
    renameSync(`${root}/mark`, `${instances}/_base/.platter/t.damaged`);
    for (const dry of [['--dry-run'], []]) {
      expect(await codeOf('image', 'flatten', 'vm1/disk', ...dry)).toBe('TEMPLATE_CHANGED');
      const { stderr } = await must('image', 'export', 'vm1/disk', `${root}/out`, ...dry);
      expect(stderr).toContain('was found damaged: the copy may be damaged too');
    }
    expect(existsSync(`${root}/out`)).toBe(true);
  });

  test('is used again once it was lost and added again', async () => {
    rmSync(`${instances}/_base/t`);
    await must('template', 'add', 't', `${root}/a`);
    await must(...create);
  });

  test('is nothing to one of its name that comes after it', async () => {
    await must('template', 'delete', 't', '--yes');
    expect(readdirSync(`${instances}/_base/.platter`)).toEqual([]);
    writeFileSync(`${instances}/_base/.platter/t.damaged`, '0123456789abcdef');
    await must('template', 'add', 't', `${root}/b`);
    await must(...create);
    await must('recover');
    expect(readdirSync(`${instances}/_base/.platter`)).toEqual(['t.record']);
  });
});
