/**
 * Every hostile shape as the content of an image that an image service has in the cluster: refused, and nothing read it but
 * rbd, which copies bytes. On a simulated cluster, for the content alone matters; test/rbd clones on a real one.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterStores } from '../../sim/cluster/stores.ts';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Command } from '../../src/ports/executor.ts';
import { codeOf } from '../contract/world.ts';
import { CorpusDirectory, hostileImages } from './corpus.ts';
import { edited } from './corpus/bytes.ts';

const corpus = new CorpusDirectory();
afterAll(() => corpus.remove());

const { host } = simHost({ makeStores: clusterStores(['vms', 'images']) });
const started: Command[] = [];
const witnessed: typeof host = {
  ...host,
  executor: {
    run(command, options) {
      started.push(command);
      return host.executor.run(command, options);
    },
  },
};
const config = { instancesPath: '/work/instances', rbd: { pool: 'vms' } };
const backend = new Backend({ host: witnessed, config });

const run = async (file: string, ...args: string[]) => {
  const { exitCode, stdout, stderr } = await host.executor.run({ file, args });
  expect(exitCode, stderr).toBe(0);
  return stdout.trim();
};

beforeAll(() => host.filesystem.makeDirectory('/work'));

let count = 0;

/** Resolves to where an image service has an image of these bytes. */
async function location(bytes: Uint8Array): Promise<string> {
  const name = `image${(count += 1)}`;
  const file = await host.filesystem.open(`/work/${name}`, 'create');
  await file.write(bytes, 0);
  await file.close();
  const spec = `images/${name}`;
  await run('rbd', 'import', `/work/${name}`, spec);
  await run('rbd', 'snap', 'create', `${spec}@snap`);
  await run('rbd', 'snap', 'protect', `${spec}@snap`);
  return `rbd://${await run('ceph', 'fsid')}/${spec}/snap`;
}

/** What is cloned is raw to everybody, so that a trailer is content; and rbd has no images of no bytes. */
const isOfTrailer = (name: string) => /^(vpc fixed: |dmg|empty file)/.test(name);

test.each(hostileImages.filter(({ name }) => !isOfTrailer(name)))(
  '$name',
  async ({ base, edits, declared, codes }) => {
    const bytes = edited(base === undefined ? new Uint8Array(0) : corpus.bytesOf(base), ...edits);
    // Declared as something else than raw these are no more than raw images.
    if (codes.every((code) => code === 'FORMAT_MISMATCH') && declared !== 'raw') return;
    const image = backend.image({ id: 'vm1' }, `disk${count}`, 'rbd');
    const url = await location(bytes);
    started.length = 0;
    expect(await codeOf(image.clone(url))).toMatch(/^(UNSAFE_IMAGE|FORMAT_MISMATCH)$/);
    expect(started.filter(({ file }) => file !== 'rbd' && file !== 'ceph')).toEqual([]);
    expect(await image.exists()).toBe(false);
  },
);

test('a raw image is cloned', async () => {
  const image = backend.image({ id: 'vm1' }, 'benign', 'rbd');
  await image.clone(await location(new Uint8Array(1024 ** 2).fill(0x5a)));
  expect(await image.exists()).toBe(true);
  const left = (await run('rbd', 'ls', 'vms')).split('\n');
  expect(left).toEqual(['vm1_benign']);
});
