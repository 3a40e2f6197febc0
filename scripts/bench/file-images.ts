/** flat and qcow2, with a warm template, in this process. */
import { execFile, execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { promisify } from 'node:util';
import { Backend, nodeHost } from '../../src/index.ts';
import type { Comparison } from './comparison.ts';

const run = promisify(execFile);
const MiB = 1024 * 1024;

export async function fileImageComparisons(
  directory: string,
  xfs: string | undefined,
): Promise<readonly Comparison[]> {
  return [
    await qcow2Create(directory),
    ...(xfs === undefined ? [] : [await flatReflink(xfs)]),
    await flatCopy(directory),
  ];
}

async function prepared(directory: string): Promise<{ backend: Backend; template: string }> {
  const source = `${directory}/source.raw`;
  execFileSync('qemu-img', ['create', '-q', '-f', 'raw', source, '1G']);
  execFileSync('qemu-io', [
    '-f',
    'raw',
    '-c',
    'write -P 0x11 0 64M',
    '-c',
    'write -P 0x22 700M 64M',
    source,
  ]);
  const backend = new Backend({
    host: nodeHost(),
    config: { instancesPath: `${directory}/instances` },
  });
  const { path } = await backend.templates.add('t', source);
  return { backend, template: path };
}

async function qcow2Create(parent: string): Promise<Comparison> {
  const directory = `${parent}/qcow2`;
  await fs.mkdir(directory);
  const { backend, template } = await prepared(directory);
  const image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
  const bare = `${directory}/bare.qcow2`;
  return {
    name: 'qcow2 create with size',
    limit: 1.5,
    bare: () =>
      run('qemu-img', ['create', '-f', 'qcow2', '-b', template, '-F', 'raw', bare, '20G']),
    ours: () => image.createImage({ template: 't', sizeBytes: 20 * 1024 * MiB }),
    reset: async () => {
      await fs.rm(bare);
      await image.destroy();
    },
  };
}

async function syncBoth(path: string, directory: string): Promise<void> {
  for (const target of [path, directory]) {
    const handle = await fs.open(target, 'r');
    await handle.sync();
    await handle.close();
  }
}

async function flatReflink(xfs: string): Promise<Comparison> {
  const { backend, template } = await prepared(xfs);
  const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
  const bare = `${xfs}/bare.raw`;
  return {
    name: 'flat create, reflink (XFS)',
    limit: 5,
    bare: async () => {
      await fs.copyFile(template, bare, constants.COPYFILE_FICLONE_FORCE);
      await syncBoth(bare, xfs);
    },
    ours: () => image.createImage({ template: 't' }),
    reset: async () => {
      await fs.rm(bare);
      await image.destroy();
    },
  };
}

async function flatCopy(parent: string): Promise<Comparison> {
  const directory = `${parent}/flat`;
  await fs.mkdir(directory);
  const { backend, template } = await prepared(directory);
  const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
  const bare = `${directory}/bare.raw`;
  return {
    name: 'flat create, copy (128 MiB of data in 1 GiB)',
    limit: 1.3,
    bare: async () => {
      await run('cp', ['--sparse=always', '--reflink=auto', template, bare]);
      await syncBoth(bare, directory);
    },
    ours: () => image.createImage({ template: 't' }),
    reset: async () => {
      await fs.rm(bare);
      await image.destroy();
    },
  };
}
