/** Files that are no disks, and are given as images by mistake: refused with what to do, unless they are said to be raw. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { platter } from './command.ts';
import { leftoversIn, makeImage } from './file-images.ts';
import { serving, webServer, type WebServer } from './web-server.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-no-disks-`);
const instancesPath = `${directory}/instances`;
const backend = new Backend({
  host: nodeHost(),
  config: { instancesPath, defaultImageType: 'flat' },
});
const MiB = 1024 * 1024;
let server: WebServer;

const page = '<head><title>404</title></head><body>no such image</body></html>\n';
const files: Readonly<Record<string, (path: string) => void>> = {
  gzip: (path) => compress(path, 'gzip', 'gz'),
  xz: (path) => compress(path, 'xz', 'xz'),
  zstd: (path) => compress(path, 'zstd', 'zst'),
  bzip2: (path) => compress(path, 'bzip2', 'bz2'),
  zip: (path) => run('zip', ['-q', `${path}.zip`, 'disk.raw'], `${path}.zip`, path),
  tar: (path) => run('tar', ['-cf', path, 'disk.raw'], path, path),
  html: (path) => writeFileSync(path, `\n<!-- a page -->\n<!DOCTYPE html>\n<html>${page}`),
  xml: (path) => writeFileSync(path, `\u{feff}<?xml version="1.0"?>\n<Error>${page}</Error>`),
};
const kinds = Object.keys(files);

function compress(path: string, tool: string, suffix: string): void {
  copyFileSync(`${directory}/disk.raw`, path);
  run(tool, ['-f', path], `${path}.${suffix}`, path);
}

function run(tool: string, args: readonly string[], made: string, path: string): void {
  execFileSync(tool, args, { cwd: directory });
  if (made !== path) execFileSync('mv', [made, path]);
}

beforeAll(async () => {
  server = await webServer();
  await makeImage(`${directory}/disk.raw`, 'raw', MiB);
  for (const [kind, make] of Object.entries(files)) make(`${directory}/image-${kind}`);
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

const isWeb = /^(html|xml)$/;

describe.each(kinds)('%s', (kind) => {
  const path = `${directory}/image-${kind}`;
  const refusal = {
    code: 'FORMAT_MISMATCH',
    message: expect.stringContaining(`looks like ${kind}`) as unknown,
    hint: expect.stringMatching(
      isWeb.test(kind) ? /address.*--format raw/ : /(decompress it|take the image).*--format raw/,
    ) as unknown,
  };

  test('from a file', async () => {
    await expect(backend.templates.add('t', path)).rejects.toMatchObject(refusal);
    const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
    await expect(image.createImage({ file: path })).rejects.toMatchObject(refusal);
  });

  test('from the web, and from a stream', async () => {
    server.answer = serving(readFileSync(path));
    const url = `${server.url}/t.raw`;
    await expect(backend.templates.add('t', url)).rejects.toMatchObject(refusal);
    const stream = (async function* pieces() {
      yield await Promise.resolve(readFileSync(path));
    })();
    await expect(backend.templates.add('t', stream)).rejects.toMatchObject(refusal);
    expect(await leftoversIn(instancesPath)).toEqual([]);
  });

  test('is a template all the same where it is said to be raw, and disks are made of it', async () => {
    await backend.templates.add(kind, path, { format: 'raw' });
    await backend.image({ id: `vm-${kind}` }, 'disk').cache({ template: kind });
    await backend.templates.verify(kind);
  });

  test('platter inspect says what it looks like', async () => {
    const { stdout, status } = await platter(instancesPath, ['inspect', path]);
    expect({ stdout, status }).toEqual({
      stdout: expect.stringContaining(`looks like ${kind}`) as unknown,
      status: 0,
    });
  });
});

test('what a program fetches is what it says it is: ramdisks are compressed', async () => {
  const image = backend.image({ id: 'vm2' }, 'ramdisk', 'flat');
  const fetch = (target: string) => {
    copyFileSync(`${directory}/image-gzip`, target);
    return Promise.resolve();
  };
  await image.cache({ template: 'ramdisk', fetch });
});

test.each(['qcow2', 'vpc', 'luks'])(
  'a disk that begins as %s does is not taken out',
  async (format) => {
    const inner = `${directory}/inner-${format}`;
    const header = {
      qcow2: 'QFI\u{fb}\0\0\0\u{3}',
      vpc: 'conectix',
      luks: 'LUKS\u{ba}\u{be}\0\u{1}',
    }[format];
    writeFileSync(inner, header ?? '', 'latin1');
    truncateSync(inner, MiB);
    const outer = `${directory}/outer-${format}.vmdk`;
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', inner, outer]);
    await expect(backend.templates.add('inner', outer)).rejects.toMatchObject({
      code: 'UNSAFE_IMAGE',
      message: expect.stringContaining(`begins as ${format}`) as unknown,
    });
    expect(await leftoversIn(instancesPath)).toEqual([]);
  },
);
