/** qcow2 images that were cut off are found out, and those that are whole are not. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { inspectImage } from '../../src/ingress/gate.ts';
import { isQcow2CutOff } from '../../src/inspector/formats/qcow2-end.ts';
import { defaultImageLimits } from '../../src/inspector/limits.ts';
import { fileReader } from '../../src/inspector/reader.ts';
import { benignImages, codesOf, CorpusDirectory } from './corpus.ts';

const corpus = new CorpusDirectory();
const content = `${corpus.path}/random`;
const MiB = 2 ** 20;
beforeAll(() => writeFileSync(content, randomBytes(8 * MiB)));
afterAll(() => corpus.remove());

async function isCutOff(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const read = async (buffer: Uint8Array, position: number) =>
      (await file.read(buffer, 0, buffer.length, position)).bytesRead;
    return await isQcow2CutOff(fileReader({ read }, (await file.stat()).size));
  } finally {
    await file.close();
  }
}

const accepted = benignImages.filter((image) => image.format === 'qcow2' && !image.refused);

test.each(accepted.map((image) => [image.name, image] as const))(
  '%s is whole',
  async (_name, image) => {
    expect(await isCutOff(corpus.make(image))).toBe(false);
  },
);

const shapes: readonly (readonly string[])[] = [
  [],
  ['-c'],
  ['-o', 'cluster_size=512'],
  ['-o', 'cluster_size=2M'],
  ['-o', 'compat=0.10'],
  ['-o', 'refcount_bits=1'],
  ['-o', 'refcount_bits=64'],
  ['-c', '-o', 'cluster_size=512,refcount_bits=2'],
];

describe.each(shapes.map((options) => [options.join(' '), options] as const))(
  'converted with %s',
  (_name, options) => {
    const whole = `${corpus.path}/whole`;
    const cut = `${corpus.path}/cut`;
    beforeAll(() => {
      const args = ['convert', '-f', 'raw', '-O', 'qcow2', ...options, content, whole];
      execFileSync('qemu-img', args);
    });

    test('is whole as it was made', async () => {
      expect(await isCutOff(whole)).toBe(false);
    });

    test.each([0.4, 0.6, 0.8, 0.95])('and not when only %d of it came', async (share) => {
      copyFileSync(whole, cut);
      const { size } = statSync(whole);
      const { 'cluster-size': clusterBytes } = JSON.parse(
        execFileSync('qemu-img', ['info', '--output', 'json', '-f', 'qcow2', whole], {
          encoding: 'utf8',
        }),
      ) as { 'cluster-size': number };
      truncateSync(cut, Math.min(Math.floor(size * share), size - 2 * clusterBytes));
      const found = codesOf(await inspectImage(nodeHost(), cut, defaultImageLimits));
      expect(found.filter((code) => !['OUTSIDE_FILE', 'TRUNCATED'].includes(code))).toEqual([]);
      expect(found).not.toEqual([]);
    });
  },
);

test('after snapshots and discards, and with room set aside, it is whole', async () => {
  for (const preallocation of ['off', 'metadata', 'falloc', 'full']) {
    const path = `${corpus.path}/${preallocation}`;
    const args = [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      `preallocation=${preallocation}`,
      path,
      '8M',
    ];
    execFileSync('qemu-img', args);
    expect(await isCutOff(path)).toBe(false);
    for (const step of ['write -P 5 1M 3M', 'write -z 2M 1M', 'discard 3M 1M']) {
      execFileSync('qemu-io', ['-f', 'qcow2', '-c', step, path]);
      execFileSync('qemu-img', ['snapshot', '-c', `s${step}`, path]);
      expect(await isCutOff(path)).toBe(false);
    }
    execFileSync('qemu-img', ['snapshot', '-d', 'swrite -z 2M 1M', path]);
    expect(await isCutOff(path)).toBe(false);
    execFileSync('qemu-img', ['resize', '-q', path, '300M']);
    expect(await isCutOff(path)).toBe(false);
  }
});

test('it is refused on every way in, and inspected as not safe', async () => {
  const cut = `${corpus.path}/refused`;
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', content, cut]);
  truncateSync(cut, 5 * MiB);
  const config = { instancesPath: `${corpus.path}/instances`, defaultImageType: 'flat' } as const;
  const backend = new Backend({ host: nodeHost(), config });
  const fetch = (target: string) => Promise.resolve(copyFileSync(cut, target));
  const refusal = { code: 'UNSAFE_IMAGE', message: expect.stringContaining('cut off') as unknown };
  await expect(backend.templates.add('t', cut)).rejects.toMatchObject(refusal);
  await expect(backend.templates.add('t', fetch)).rejects.toMatchObject(refusal);
  const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
  await expect(image.createImage({ file: cut })).rejects.toMatchObject(refusal);
});
