/**
 * Tools that read a template of the store: it has passed the gate, but its tables are still what came with it. And that
 * each of the limits under which tools are held does hold.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { Backend } from '../../src/images/backend.ts';
import { containmentOf } from '../../src/ingress/containment.ts';
import { inSandbox } from '../../src/tools/bubblewrap/argv.ts';
import type { Command } from '../../src/ports/executor.ts';
import { withLimits } from '../../src/tools/util-linux/prlimit.ts';

const MiB = 1024 * 1024;
const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const template = `${directory}/template`;
const host = nodeHost();
const { kind } = await containmentOf(host);
const tools: string[] = [];

beforeAll(() => {
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', template, '8M']);
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 1M 1M', template]);
});
beforeEach(() => {
  tools.length = 0;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function withTemplate(config: ConfigInput): Promise<Backend> {
  const executor: typeof host.executor = {
    run(command, options) {
      tools.push([command.file, ...command.args].join(' '));
      return host.executor.run(command, options);
    },
  };
  const instancesPath = mkdtempSync(`${directory}/instances-`);
  const backend = new Backend({
    host: { ...host, executor },
    config: { instancesPath, ...config },
  });
  await backend.templates.add('t', template);
  tools.length = 0;
  return backend;
}

const limits = String.raw`prlimit --cpu=\d+ --as=\d+ --fsize=\d+ `;
const contained = limits + (kind === 'sandbox' ? 'bwrap .*--unshare-net.* -- ' : '');

test('a flat disk of a qcow2 template is converted by a contained tool', async () => {
  const backend = await withTemplate({});
  await backend.image({ id: 'vm1' }, 'disk', 'flat').cache({ template: 't' });
  expect(tools).toEqual([expect.stringMatching(`^${contained}qemu-img convert .*-f qcow2 `)]);
});

test('a copy of a qcow2 template is grown by a contained tool', async () => {
  const backend = await withTemplate({ forceRawImages: false });
  const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
  await image.cache({ template: 't', sizeBytes: 16 * MiB });
  expect(tools.at(-1)).toMatch(new RegExp(`^${contained}qemu-img resize .*"driver":"qcow2"`));
  expect(await image.info()).toMatchObject({ format: 'qcow2', virtualSizeBytes: 16 * MiB });
});

const converts = () => tools.filter((line) => / convert /.test(line));

describe('a disk that leans on a qcow2 template', () => {
  const disk = async () => {
    const backend = await withTemplate({});
    const image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
    await image.cache({ template: 't' });
    await image.createSnap('small');
    await image.resizeImage(16 * MiB);
    await image.createSnap('large');
    tools.length = 0;
    return { backend, image };
  };

  test('is exported by contained tools', async () => {
    const { image } = await disk();
    const out = mkdtempSync(`${directory}/out-`);
    await image.snapshotExtract(`${out}/now`, 'raw');
    await image.snapshotExtract(`${out}/small`, 'raw', { snapshot: 'small' });
    await image.snapshotExtract(`${out}/large`, 'qcow2', { snapshot: 'large' });
    for (const line of converts()) expect(line).toMatch(new RegExp(`^${contained}qemu-img`));
    expect(converts()).toHaveLength(3);
    const now = readFileSync(`${out}/now`);
    expect(now).toHaveLength(16 * MiB);
    expect(now.subarray(MiB, 2 * MiB).every((byte) => byte === 7)).toBe(true);
    expect(readFileSync(`${out}/small`).equals(now.subarray(0, 8 * MiB))).toBe(true);
  });

  test('is flattened, and its snapshots copied, by contained tools', async () => {
    const { backend, image } = await disk();
    const copy = backend.image({ id: 'vm2' }, 'disk', 'qcow2');
    await copy.createImage({ snapshot: 'vm1/disk@small' });
    await image.flatten();
    for (const line of converts()) expect(line).toMatch(new RegExp(`^${contained}qemu-img`));
    expect(converts()).toHaveLength(4);
    await copy.flatten();
    const out = mkdtempSync(`${directory}/out-`);
    for (const [name, extract] of [
      ['copy', () => copy.snapshotExtract(`${out}/copy`, 'raw')],
      ['disk', () => image.snapshotExtract(`${out}/disk`, 'raw', { snapshot: 'small' })],
    ] as const) {
      await extract();
      const content = readFileSync(`${out}/${name}`);
      expect(content).toHaveLength(8 * MiB);
      expect(content.subarray(MiB, 2 * MiB).every((byte) => byte === 7)).toBe(true);
    }
  });
});

test('a flat disk that kept the format of its template is exported by a contained tool', async () => {
  const backend = await withTemplate({ forceRawImages: false });
  const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
  await image.cache({ template: 't' });
  await image.snapshotExtract(`${mkdtempSync(`${directory}/out-`)}/disk`, 'raw');
  expect(converts()).toEqual([expect.stringMatching(`^${contained}qemu-img convert `)]);
});

test('an overlay on a qcow2 template is made by a tool that does not open the template', async () => {
  const backend = await withTemplate({});
  const image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
  await image.cache({ template: 't' });
  expect(tools).toEqual([
    expect.stringMatching(/^qemu-img create -q -u -f qcow2 -b \S+\/_base\/t -F qcow2 /),
  ]);
  const { path } = await image.info();
  const trace = `${directory}/trace`;
  const [file = '', ...args] = (tools[0] ?? '').replace(/\S+\/disk /, `${path}.again `).split(' ');
  execFileSync('strace', ['-f', '-e', 'trace=openat,open,stat', '-o', trace, file, ...args]);
  const opened = readFileSync(trace, 'utf8');
  expect(opened).toContain(`${path}.again`);
  expect(opened).not.toContain('_base');
  expect(readFileSync(`${path}.again`).equals(readFileSync(path))).toBe(true);
  // With the backing file opened it comes out the same.
  execFileSync(
    file,
    args.filter((arg) => arg !== '-u'),
  );
  expect(readFileSync(`${path}.again`).equals(readFileSync(path))).toBe(true);
});

const bash = (script: string): Command => ({ file: 'bash', args: ['-c', script] });
const ways = { 'limits alone': (command: Command) => command } as Record<
  string,
  (command: Command) => Command
>;
if (kind === 'sandbox') {
  ways['a sandbox'] = (command) => inSandbox(command, { reads: [], writes: [`${directory}/out`] });
}

describe.each(Object.entries(ways))('in %s', (_, held) => {
  test('CPU time ends', async () => {
    const command = withLimits(held(bash('while :; do :; done')), { cpuSeconds: 1 });
    const { exitCode, signal, killed } = await host.executor.run(command, { timeoutMs: 60_000 });
    expect(killed).toBeNull();
    expect(signal ?? exitCode).toBeOneOf(['SIGXCPU', 'SIGKILL', 128 + 24, 128 + 9]);
  });

  test('memory ends', async () => {
    const command = withLimits(held(bash('printf -v text %300000000s; echo "${#text}"')), {
      addressSpaceBytes: 200 * MiB,
    });
    const { exitCode, stdout, stderr } = await host.executor.run(command);
    expect(exitCode).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/cannot allocate|memory exhausted/i);
  });

  test('a file ends', async () => {
    writeFileSync(`${directory}/out`, '');
    const script = `head -c 3M /dev/zero > ${directory}/out`;
    await host.executor.run(withLimits(held(bash(script)), { fileSizeBytes: MiB }));
    expect(await host.filesystem.stat(`${directory}/out`)).toMatchObject({ sizeBytes: MiB });
  });

  test('time ends', async () => {
    const result = await host.executor.run(held(bash('sleep 60')), { timeoutMs: 300 });
    expect(result).toMatchObject({ killed: 'timeout' });
  });
});
