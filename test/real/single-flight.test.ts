/** Many processes, one cold template: it is fetched once, and everybody gets a good disk. */
import { readFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { templateByte } from '../contract/images.contract.ts';
import { leftoversIn, makeImage, readByte, run } from './file-images.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/platter-test-`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test.each(['qcow2', 'flat'])('eight processes make eight %s disks of one fetch', async (type) => {
  const instancesPath = `${directory}/instances`;
  const log = `${directory}/fetches`;
  await makeImage(`${directory}/source`, 'qcow2', 32 * 1024 * 1024);
  const program = `${import.meta.dirname}/programs/create-cold.mjs`;
  const ids = Array.from({ length: 8 }, (_, index) => `vm${index + 1}`);
  await Promise.all(
    ids.map((id) => run('node', [program, instancesPath, id, type, `${directory}/source`, log])),
  );
  expect((await readFile(log, 'utf8')).trim().split('\n')).toHaveLength(1);
  const backend = new Backend({ host: nodeHost(), config: { instancesPath } });
  const images = await backend.list();
  expect(images.map(({ instance }) => instance)).toEqual(ids);
  for (const image of images) {
    expect(image.virtualSizeBytes).toBe(64 * 1024 * 1024);
    expect(await readByte(image.path, image.format, 0)).toBe(templateByte);
    if (image.format === 'qcow2') await run('qemu-img', ['check', '-q', '-f', 'qcow2', image.path]);
    const info = `${instancesPath}/${image.instance}/disk.info`;
    expect(JSON.parse(await readFile(info, 'utf8'))).toEqual({ [image.path]: image.format });
    expect((await stat(image.path)).nlink).toBe(1);
  }
  expect(await leftoversIn(instancesPath)).toEqual([]);
});

test('eight processes make eight disks of one instance, and disk.info knows them all', async () => {
  const instancesPath = `${directory}/instances`;
  const config = { instancesPath };
  await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      run('node', [
        ...['dist/cli/main.js', '--instances-path', instancesPath, 'image', 'create'],
        ...[`vm1/disk${index}`, '--size', '1M', '--backend', index % 2 === 0 ? 'flat' : 'qcow2'],
      ]),
    ),
  );
  const formats = JSON.parse(await readFile(`${instancesPath}/vm1/disk.info`, 'utf8')) as object;
  expect(Object.keys(formats)).toHaveLength(8);
  const backend = new Backend({ host: nodeHost(), config });
  for (const { path, format } of await backend.list()) {
    expect(formats).toMatchObject({ [path]: format });
  }
  expect(await leftoversIn(instancesPath)).toEqual([]);
});
