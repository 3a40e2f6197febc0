/** What others do to disks beside platter: overlays on them, snapshots of one name, changes while they are copied. */
import { chmod, chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Host } from '../../src/ports/host.ts';
import { makeImage, readByte, run } from './file-images.ts';

const MiB = 2 ** 20;

let directory: string;
let instancesPath: string;
beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/platter-test-`);
  instancesPath = `${directory}/instances`;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function backendOn(host: Host): Backend {
  return new Backend({ host, config: { instancesPath } });
}

async function qemuWrites(path: string, ...commands: string[]): Promise<void> {
  await run('qemu-io', ['-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), path]);
}

/** Does something else when a tool with this word in its command has run. */
function afterTool(word: string, act: () => Promise<void>): Host {
  const host = nodeHost();
  let isDone = false;
  return {
    ...host,
    executor: {
      async run(command, options) {
        const result = await host.executor.run(command, options);
        const isIt = !isDone && command.args.some((arg) => arg.includes(word));
        if (isIt) isDone = true;
        if (isIt) await act();
        return result;
      },
    },
  };
}

test('a disk that something leans on gets no other content', async () => {
  const image = backendOn(nodeHost()).image({ id: 'vm1' }, 'disk');
  const { path } = await image.createImage({ sizeBytes: 64 * MiB });
  await image.createSnap('s');
  await qemuWrites(path, 'write -P 2 0 1M');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', path, '-F', 'qcow2', `${path}.ext`]);
  await expect(image.rollbackToSnap('s')).rejects.toMatchObject({ code: 'IN_USE' });
  expect(await readByte(path, 'qcow2', 0)).toBe(2);
});

test('each of two snapshots of one name is kept when the disk is flattened', async () => {
  const backend = backendOn(nodeHost());
  await makeImage(`${directory}/t`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${directory}/t`);
  const image = backend.image({ id: 'vm1' }, 'disk');
  const { path } = await image.createImage({ template: 't' });
  for (const value of [1, 2]) {
    await qemuWrites(path, `write -P ${value} 0 1M`);
    await run('qemu-img', ['snapshot', '-c', 'dup', path]);
  }
  await image.flatten();
  for (const value of [1, 2]) {
    await run('qemu-img', ['snapshot', '-a', String(value), path]);
    expect(await readByte(path, 'qcow2', 0)).toBe(value);
  }
});

test('a disk that is written to while it is copied is not replaced by the copy, which keeps its owner', async () => {
  let path = '';
  const host = afterTool('convert', () => qemuWrites(path, 'write -P 9 4M 1M'));
  const backend = backendOn(host);
  await makeImage(`${directory}/t`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${directory}/t`);
  const image = backend.image({ id: 'vm1' }, 'disk');
  ({ path } = await image.createImage({ template: 't' }));
  await expect(image.flatten()).rejects.toMatchObject({ code: 'IN_USE' });
  expect(await readByte(path, 'qcow2', 4 * MiB)).toBe(9);
  // As libvirt does for a machine that runs as somebody else.
  await chown(path, 64_055, 1234);
  await chmod(path, 0o600);
  await image.flatten();
  expect(await readByte(path, 'qcow2', 4 * MiB)).toBe(9);
  expect(await stat(path)).toMatchObject({ uid: 64_055, gid: 1234, mode: 0o100_600 });
});

test('a snapshot is not copied at a size that the disk has got meanwhile', async () => {
  const origin = backendOn(nodeHost()).image({ id: 'vm1' }, 'disk');
  const { path } = await origin.createImage({ sizeBytes: 64 * MiB });
  await origin.createSnap('small');
  await origin.resizeImage(128 * MiB);
  await qemuWrites(path, 'write -P 6 64M 64M');
  await origin.createSnap('big');
  const host = nodeHost();
  let isShrunk = false;
  const meddling: Host = {
    ...host,
    executor: {
      async run(command, options) {
        if (!isShrunk && command.args.includes('convert')) {
          isShrunk = true;
          await run('qemu-img', ['snapshot', '-a', 'small', path]);
        }
        return host.executor.run(command, options);
      },
    },
  };
  const clone = backendOn(meddling).image({ id: 'vm2' }, 'disk');
  const making = clone.createImage({ snapshot: 'vm1/disk@big' });
  await expect(making).rejects.toMatchObject({ code: 'LOCKED' });
  expect(await backendOn(nodeHost()).list('vm2')).toEqual([]);
});

test('a template is held while a snapshot is copied that leans on it', async () => {
  const backend = backendOn(nodeHost());
  await makeImage(`${directory}/t`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${directory}/t`);
  const origin = backend.image({ id: 'vm1' }, 'disk');
  await origin.createImage({ template: 't' });
  await origin.createSnap('s');
  const codes: unknown[] = [];
  const host = afterTool('convert', async () => {
    await origin.destroy();
    await backend.templates.delete('t').catch((error: unknown) => {
      codes.push((error as { code?: unknown }).code);
    });
  });
  await backendOn(host)
    .image({ id: 'vm2' }, 'disk')
    .createImage({ snapshot: 'vm1/disk@s' })
    .catch((error: unknown) => codes.push((error as { code?: unknown }).code));
  // The clone was not made of what was gone, or it is whole.
  expect(codes[0]).toBe('IN_USE');
  for (const { path } of await backend.list()) await run('qemu-img', ['check', '-q', path]);
});

test('recovery leaves a mounted directory, and goes on with the others', async () => {
  const backend = backendOn(nodeHost());
  await backend.image({ id: 'vm1' }, 'disk').createImage({ sizeBytes: MiB });
  const mounted = `${instancesPath}/aa`;
  await mkdir(mounted);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted]);
  try {
    await mkdir(`${mounted}/.platter`);
    expect(await backend.recover()).toEqual([]);
  } finally {
    await run('umount', [mounted]);
  }
});

test('what is under way is told neither by an audit nor by a recovery that only looks', async () => {
  const seen: unknown[] = [];
  const host = afterTool('convert', async () => {
    const looking = backendOn(nodeHost());
    seen.push(await looking.audit(), await looking.recover({ dryRun: true }));
  });
  const backend = backendOn(host);
  await makeImage(`${directory}/t`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${directory}/t`);
  const image = backend.image({ id: 'vm1' }, 'disk');
  await image.createImage({ template: 't' });
  await image.flatten();
  expect(seen).toEqual([[], []]);
});
