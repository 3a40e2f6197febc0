/** Whoever asks for a template of a certain checksum or format gets no other, also where one is there already. */
import { beforeEach, describe, expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Host } from '../../src/ports/host.ts';

const MiB = 2 ** 20;
const other = '0'.repeat(64);

let host: Host;
let backend: Backend;

async function write(path: string): Promise<void> {
  const file = await host.filesystem.open(path, 'create');
  await file.write(new Uint8Array(512).fill(7), 0);
  await file.truncate(8 * MiB);
  await file.close();
}

beforeEach(async () => {
  ({ host } = simHost());
  for (const path of ['/instances', '/instances/_base']) {
    await host.filesystem.makeDirectory(path);
  }
  await write('/t.raw');
  backend = new Backend({ host, config: { instancesPath: '/instances' } });
});

const cache = (asked: object) =>
  backend.image({ id: 'vm1' }, 'disk', 'qcow2').cache({ template: 't', ...asked });

describe.each([
  ['that was added', async () => void (await backend.templates.add('t', '/t.raw'))],
  ['that somebody has put there', () => write('/instances/_base/t')],
])('a template %s', (_, make) => {
  beforeEach(make);

  test.each([
    ['another checksum', { sha256: other }, 'CHECKSUM_MISMATCH'],
    ['another format', { format: 'qcow2' }, 'FORMAT_MISMATCH'],
    ['no checksum', { sha256: 'abc' }, 'INVALID_ARGUMENT'],
  ])('is refused by whoever asks for %s', async (_one, asked, code) => {
    await expect(cache(asked)).rejects.toMatchObject({ code });
    expect(await backend.list()).toEqual([]);
    expect((await backend.templates.list()).map(({ name }) => name)).toEqual(['t']);
  });

  test('is used by whoever asks for it', async () => {
    const sha256 = await host.digests.sha256File('/t.raw');
    await cache({ sha256: sha256.toUpperCase(), format: 'raw' });
    expect(await backend.list()).toMatchObject([{ instance: 'vm1', template: 't' }]);
  });
});

test('what a template was converted from is raw for certain not', async () => {
  const config = { instancesPath: '/instances', forceRawImages: true };
  backend = new Backend({ host, config });
  const args = ['create', '-q', '-f', 'qcow2', '/t.qcow2', '8M'];
  expect(await host.executor.run({ file: 'qemu-img', args })).toMatchObject({ exitCode: 0 });
  await backend.templates.add('t', '/t.qcow2');
  await expect(cache({ format: 'raw' })).rejects.toMatchObject({ code: 'FORMAT_MISMATCH' });
  await cache({ format: 'qcow2' });
});
