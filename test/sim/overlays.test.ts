/**
 * qemu-img makes an overlay without opening the template (`create -u`): what it no longer notices, the engine does,
 * before anything is made.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import type { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import type { Host } from '../../src/ports/host.ts';

const MiB = 2 ** 20;
const template = '/instances/_base/t';

let host: Host;
let backend: Backend;
let image: Image;
const tools: string[] = [];
/** What happens to the template once it has been looked up, when a lock is waited for. */
let meanwhile: () => Promise<void>;

async function write(path: string, byte: number, sizeBytes: number): Promise<void> {
  const file = await host.filesystem.open(path, 'create');
  await file.write(new Uint8Array(512).fill(byte), 0);
  await file.truncate(sizeBytes);
  await file.close();
}

beforeEach(async () => {
  ({ host } = simHost());
  await host.filesystem.makeDirectory('/instances');
  await write('/t.raw', 7, 8 * MiB);
  meanwhile = () => Promise.resolve();
  const executor: Host['executor'] = {
    run(command, options) {
      tools.push([command.file, ...command.args].join(' '));
      return host.executor.run(command, options);
    },
  };
  // A template is marked as used after it has been looked up.
  const filesystem = new Proxy(host.filesystem, {
    get(target, key) {
      if (key === 'touch') {
        return async (path: string) => {
          await target.touch(path);
          await meanwhile();
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  backend = new Backend({
    host: { ...host, executor, filesystem },
    config: { instancesPath: '/instances' },
  });
  await backend.templates.add('t', '/t.raw');
  image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
  tools.length = 0;
});

test('the backing file, its format and the size are given, and the file is not opened', async () => {
  await image.cache({ template: 't' });
  expect(tools).toEqual([
    expect.stringMatching(
      /^qemu-img create -q -u -f qcow2 -b \/instances\/_base\/t -F raw \S+\/disk 8388608$/,
    ),
  ]);
});

test.each([
  ['none', undefined, 8 * MiB],
  ['0', 0, 8 * MiB],
  ['the size of the template', 8 * MiB, 8 * MiB],
  ['more', 8 * MiB + 1, 8 * MiB + 512],
])('asked for %s (%s), it has %i', async (_, sizeBytes, has) => {
  await image.cache({ template: 't', ...(sizeBytes === undefined ? {} : { sizeBytes }) });
  expect((await image.info()).virtualSizeBytes).toBe(has);
});

test('less than the template has is refused, and no tool started', async () => {
  await expect(image.cache({ template: 't', sizeBytes: 4 * MiB })).rejects.toMatchObject({
    code: 'SIZE_TOO_SMALL',
  });
  expect(tools).toEqual([]);
});

const gone = () => host.filesystem.unlink(template);

const changes: readonly (readonly [string, () => Promise<void>, PlatterError['code']])[] = [
  ['is gone', () => gone(), 'NOT_FOUND'],
  [
    'was cut',
    async () => {
      await gone();
      await write(template, 7, 4 * MiB);
    },
    'TEMPLATE_CHANGED',
  ],
  [
    'was replaced by a larger one',
    async () => {
      await gone();
      await write(template, 7, 16 * MiB);
    },
    'TEMPLATE_CHANGED',
  ],
];

describe.each(changes)('a template that %s', (_, change, code) => {
  const refused = async () => {
    await expect(image.cache({ template: 't', sizeBytes: 16 * MiB })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('the file of template "t"') as unknown,
    });
    expect(tools).toEqual([]);
    expect(await image.exists()).toBe(false);
    const names = await host.filesystem.readDirectory('/instances');
    expect(names.map(({ name }) => name)).not.toContain('vm1');
  };

  test('before', async () => {
    await change();
    await refused();
  });

  test('while a lock was waited for', async () => {
    meanwhile = change;
    await refused();
  });
});

test('a plan notices that a template is cut', async () => {
  await changes[1]?.[1]();
  await expect(image.planCreate({ template: 't' })).rejects.toMatchObject({
    code: 'TEMPLATE_CHANGED',
  });
});
