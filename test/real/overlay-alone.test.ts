/**
 * What changes a disk that leans on a template opens the disk alone: strace tells of every qemu-img that is not contained
 * which files it opens, and the template, which a stranger wrote, is none of them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import type { Command } from '../../src/ports/executor.ts';
import { codeOf } from '../contract/world.ts';
import { makeImage, readByte } from './file-images.ts';

const MiB = 1024 * 1024;

let root: string;
let backend: Backend;
/** Subcommands of what ran uncontained, and what all of them opened below the directory of the test. */
let ran: string[];
let opened: string[];
/** The next `qemu-img` of this subcommand fails, without having run. */
let fails: string | undefined;

function traced({ file, args }: Command): Command {
  const strace = ['-f', '-qq', '-o', `${root}/trace`, '-e', 'trace=open,openat,openat2'];
  return { file: 'strace', args: [...strace, file, ...args] };
}

beforeEach(async () => {
  root = mkdtempSync(`${tmpdir()}/platter-test-`);
  ran = [];
  opened = [];
  fails = undefined;
  const host = nodeHost();
  const executor: typeof host.executor = {
    async run(command, options) {
      const [subcommand = ''] = command.args;
      if (command.file !== 'qemu-img') return host.executor.run(command, options);
      if (fails === subcommand) {
        fails = undefined;
        return { exitCode: 1, signal: null, stdout: '', stderr: 'qemu-img: no', killed: null };
      }
      const result = await host.executor.run(traced(command), options);
      ran.push(subcommand);
      const paths = readFileSync(`${root}/trace`, 'utf8').matchAll(/"([^"]*)"/g);
      opened.push(...[...paths].map(([, path = '']) => path).filter((path) => path.includes(root)));
      return result;
    },
  };
  backend = new Backend({ host: { ...host, executor }, config: { instancesPath: `${root}/vms` } });
  await makeImage(`${root}/template`, 'qcow2', 8 * MiB);
  await backend.templates.add('t', `${root}/template`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What an operation starts uncontained, which opens something, and the template never. */
async function starts(act: () => Promise<unknown>, subcommands: readonly string[]): Promise<void> {
  ran = [];
  opened = [];
  await act();
  expect(ran).toEqual(subcommands);
  if (subcommands.length > 0) expect(opened).not.toEqual([]);
  expect(opened.filter((path) => path.includes('/_base/'))).toEqual([]);
}

describe('on a disk that leans on a qcow2 template', () => {
  let image: Image;
  beforeEach(async () => {
    image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
    await starts(() => image.cache({ template: 't', sizeBytes: 16 * MiB }), ['create']);
  });

  const header = () => {
    const info = execFileSync('qemu-img', ['info', '-f', 'qcow2', `${root}/vms/vm1/disk`]);
    return /backing file: .*\n(?:.*\n)*backing file format: .*/.exec(String(info))?.[0];
  };

  test('growing, snapshots and removal open the disk alone', async () => {
    const before = header();
    await starts(() => image.createSnap('small'), ['snapshot']);
    await starts(() => image.resizeImage(24 * MiB), ['resize']);
    await starts(() => image.resizeImage(3 * 1024 * MiB), ['resize']);
    await starts(() => image.createSnap('large'), ['snapshot']);
    await starts(() => image.rollbackToSnap('small'), ['snapshot']);
    expect(await image.getDiskSize()).toBe(16 * MiB);
    await starts(() => image.rollbackToSnap('large'), ['snapshot']);
    await starts(() => image.rollbackToSnap('large'), ['snapshot']);
    await starts(() => image.removeSnap('small'), ['snapshot']);
    const { path } = await image.info();
    execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', path]);
    expect(header()).toBe(before);
    expect(before).toContain('/_base/t');
    // The template is still what it reads.
    expect(await readByte(path, 'qcow2', 0)).toBe(0x54);
    expect(await readByte(path, 'qcow2', 4 * MiB)).toBe(0);
    await starts(() => image.destroy(), ['info']);
  });

  test('what failed is put right on the disk alone', async () => {
    fails = 'snapshot';
    const failing = async () => {
      expect(await codeOf(image.createSnap('s'))).toBe('TOOL_FAILED');
    };
    await starts(failing, ['check']);
    await image.createSnap('s');
    fails = 'snapshot';
    await starts(() => image.rollbackToSnap('s').catch(() => undefined), ['snapshot', 'check']);
    fails = 'resize';
    await starts(() => image.resizeImage(24 * MiB).catch(() => undefined), ['check']);
  });

  test('copies, exports and flattening read the template in containment', async () => {
    await image.createSnap('small');
    await image.resizeImage(24 * MiB);
    const copy = backend.image({ id: 'vm2' }, 'disk', 'qcow2');
    const snapshot = 'vm1/disk@small';
    const grown = () => copy.createImage({ snapshot, sizeBytes: 32 * MiB });
    // Bringing the snapshot back in a private copy, and growing.
    await starts(grown, ['info', 'snapshot', 'resize']);
    await starts(() => image.snapshotExtract(`${root}/now`, 'raw'), []);
    await starts(
      () => image.flatten(),
      ['create', 'info', 'snapshot', 'snapshot', 'resize', 'info'],
    );
  });

  test('a template that is missing is not missed by what does not read it', async () => {
    rmSync(`${root}/vms/_base/t`);
    await starts(() => image.createSnap('s'), ['snapshot']);
    await starts(() => image.rollbackToSnap('s'), ['snapshot']);
    await starts(() => image.removeSnap('s'), ['snapshot']);
    expect(await codeOf(image.resizeImage(24 * MiB))).toBe('NOT_FOUND');
    expect(await image.getDiskSize()).toBe(16 * MiB);
  });
});

test('a flat disk with the tables of its template is changed in containment', async () => {
  const host = nodeHost();
  const keeping = { instancesPath: `${root}/kept`, forceRawImages: false };
  const lines: string[] = [];
  const executor: typeof host.executor = {
    run(command, options) {
      lines.push([command.file, ...command.args].join(' '));
      return host.executor.run(command, options);
    },
  };
  const kept = new Backend({ host: { ...host, executor }, config: keeping });
  await kept.templates.add('t', `${root}/template`);
  const image = kept.image({ id: 'vm1' }, 'disk', 'flat');
  await image.cache({ template: 't' });
  lines.length = 0;
  await image.resizeImage(16 * MiB);
  await image.destroy();
  expect(lines).toEqual([
    expect.stringMatching(/^prlimit .*qemu-img resize .*"driver":"qcow2"/),
    // By the lock of the file alone.
    expect.stringMatching(/^qemu-img check -q -r leaks --output=json -f raw \S+$/),
  ]);
});
