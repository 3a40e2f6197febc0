/**
 * Tools on files from outside, on this host: what a sandbox hides from them, that every such call is in one, and what is
 * done where there is none.
 */
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execaExecutor } from '../../src/adapters/execa-executor.ts';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import { containmentOf } from '../../src/ingress/containment.ts';
import type { Command, Executor } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';
import { inSandbox } from '../../src/tools/bubblewrap/argv.ts';
import { runTool } from '../../src/tools/run.ts';
import { withLimits } from '../../src/tools/util-linux/prlimit.ts';
import { endingWithCaller } from '../../src/tools/util-linux/setpriv.ts';
import { codeOf } from '../contract/world.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const at = (name: string) => `${directory}/${name}`;
const executor = execaExecutor();

beforeAll(() => {
  writeFileSync(at('image'), 'content');
  writeFileSync(at('target'), '');
  writeFileSync(at('secret'), 'secret');
  execFileSync('qemu-img', ['create', '-q', '-f', 'vmdk', at('t.vmdk'), '16M']);
  execFileSync('qemu-io', ['-f', 'vmdk', '-c', 'write -P 7 1M 1M', at('t.vmdk')]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const shell = (script: string): Command => ({ file: 'bash', args: ['-c', script] });
const inside = (script: string) =>
  executor.run(inSandbox(shell(script), { reads: [at('image')], writes: [at('target')] }));

/** Found out in another way than platter's own. */
const canSandbox =
  spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-net', '--unshare-pid', 'true']).status ===
  0;
if (!canSandbox) console.warn('bwrap cannot run on this machine: its tests are left out');

test('whether this machine can make sandboxes is found out', async () => {
  const { kind } = await containmentOf(nodeHost());
  expect(kind).toBe(canSandbox ? 'sandbox' : 'limits');
});

test('what is to end with its caller does, also without a sandbox', async () => {
  const marker = `98${process.pid}1`;
  const command = withLimits(endingWithCaller({ file: 'sleep', args: [marker] }), {});
  const line = JSON.stringify([command.file, ...command.args]);
  const program = `const [file, ...args] = ${line};
    require('node:child_process').spawn(file, args); setInterval(() => {}, 1000);`;
  const caller = spawn('node', ['-e', program], { stdio: 'ignore' });
  const find = async () => (await executor.run(pgrep(`^sleep ${marker}`))).exitCode;
  await expect.poll(find).toBe(0);
  caller.kill('SIGKILL');
  await expect.poll(find).toBe(1);
});

test('a tool that it cannot start is missing', async () => {
  const command = endingWithCaller({ file: 'no-such-tool', args: [] });
  const error = runTool(executor, command, { action: 'try', classify: () => 'NO_SPACE' });
  await expect(error).rejects.toMatchObject({ code: 'TOOL_MISSING' });
});

describe.runIf(canSandbox)('in the sandbox', () => {
  test('the named file is read, and not written', async () => {
    expect(await inside(`cat ${at('image')}`)).toMatchObject({ exitCode: 0, stdout: 'content' });
    expect(await inside(`echo x > ${at('image')}`)).toMatchObject({ exitCode: 1 });
    expect(await inside(`rm -f ${at('image')}`)).toMatchObject({ exitCode: 1 });
    expect(readFileSync(at('image'), 'utf8')).toBe('content');
  });

  test('the target is written, and nothing is made beside it', async () => {
    expect(await inside(`echo written > ${at('target')}`)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(at('target'), 'utf8')).toBe('written\n');
    await inside(`echo x > ${at('intent.json')}`);
    expect(existsSync(at('intent.json'))).toBe(false);
  });

  test.each([
    ['a file beside it', () => `cat ${at('secret')}`],
    ['the users', () => 'cat /etc/passwd'],
    ['the home of root', () => 'ls /root'],
    ['processes', () => 'ls /proc/1'],
    ['devices', () => 'ls /dev/loop0 /dev/sda /dev/vda /dev/kvm /dev/mem'],
    ['writing to the system', () => 'touch /usr/bin/x'],
    ['ownership', () => `chown 1 ${at('target')}`],
    ['mounts', () => 'mount -t tmpfs tmpfs /mnt'],
  ])('there is no way to %s', async (_, script) => {
    expect((await inside(script())).exitCode).not.toBe(0);
  });

  test('there are no secrets in the environment', async () => {
    process.env['PLATTER_TEST_SECRET'] = 'secret';
    const { stdout } = await inside('env');
    delete process.env['PLATTER_TEST_SECRET'];
    expect(stdout).toContain('LC_ALL=C');
    expect(stdout).not.toMatch(/SECRET|HOME=|USER=/);
  });

  test('there is no network, not even to this host', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await new Promise((resolve) => {
      server.once('listening', resolve);
    });
    const connect = `exec 3<>/dev/tcp/127.0.0.1/${(server.address() as AddressInfo).port}`;
    const outside = await executor.run(shell(connect));
    const contained = await inside(connect);
    server.close();
    expect(outside.exitCode).toBe(0);
    expect(contained).toMatchObject({ exitCode: 1 });
    expect(contained.stderr).toMatch(/Network is unreachable|Connection refused/);
  });

  test('qemu-img itself cannot follow a backing file, were the gate to miss it', async () => {
    writeFileSync(at('host-file'), 'x'.repeat(1024));
    const create = ['create', '-q', '-f', 'qcow2', '-b', at('host-file'), '-F', 'raw', at('evil')];
    execFileSync('qemu-img', create);
    const args = ['convert', '-f', 'qcow2', '-O', 'raw', at('evil'), at('target')];
    const command = { file: 'qemu-img', args };
    expect((await executor.run(command)).exitCode).toBe(0);
    expect(readFileSync(at('target'), 'utf8')).toContain('xxx');
    writeFileSync(at('target'), '');
    const files = { reads: [at('evil')], writes: [at('target')] };
    const contained = await executor.run(inSandbox(command, files));
    expect(contained.exitCode).toBe(1);
    expect(contained.stderr).toContain('Could not open backing file');
    expect(readFileSync(at('target'), 'utf8')).toBe('');
  });

  test('limits hold', async () => {
    const limited = withLimits(
      inSandbox(shell(`head -c 2M /dev/zero > ${at('target')}`), {
        reads: [],
        writes: [at('target')],
      }),
      { fileSizeBytes: 1024 * 1024 },
    );
    const error: unknown = await runTool(executor, limited, {
      action: 'try',
      classify: () => 'TOOL_FAILED',
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'TOOL_FAILED' });
    expect(readFileSync(at('target'))).toHaveLength(1024 * 1024);
  });

  test('a signal that ends the tool is told as one', async () => {
    const command = inSandbox(shell('kill -SEGV $$'), { reads: [], writes: [] });
    const error = runTool(executor, command, { action: 'try', classify: () => 'NO_SPACE' });
    await expect(error).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      details: { exitCode: null, signal: 'SIGSEGV' },
    });
  });

  test('everything dies with the call', async () => {
    const marker = `sleep 98${process.pid}`;
    const script = `setsid ${marker} & ${marker}`;
    const command = inSandbox(shell(script), { reads: [], writes: [] });
    expect(await executor.run(command, { timeoutMs: 500 })).toMatchObject({ killed: 'timeout' });
    await expect.poll(async () => (await executor.run(pgrep(marker))).exitCode).toBe(1);
  });

  test('a sandbox that cannot be made is no fault of the image', async () => {
    const command = inSandbox(shell('true'), { reads: [at('is-not-there')], writes: [] });
    const error = runTool(executor, command, { action: 'try', classify: () => 'NO_SPACE' });
    await expect(error).rejects.toMatchObject({ code: 'TOOL_FAILED' });
    const missing = inSandbox({ file: 'no-such-tool', args: [] }, { reads: [], writes: [] });
    const absent = runTool(executor, missing, { action: 'try', classify: () => 'NO_SPACE' });
    await expect(absent).rejects.toMatchObject({ code: 'TOOL_MISSING' });
  });
});

const pgrep = (marker: string): Command => ({ file: 'pgrep', args: ['-f', marker] });

/** What runs during `act`, as one line a tool. */
async function toolsOf(host: Host, act: (backend: Backend) => Promise<unknown>) {
  const lines: string[] = [];
  const watched: Executor = {
    run(command, options) {
      lines.push([command.file, ...command.args].join(' '));
      return host.executor.run(command, options);
    },
  };
  const instancesPath = mkdtempSync(`${directory}/instances-`);
  await act(new Backend({ host: { ...host, executor: watched }, config: { instancesPath } }));
  return lines;
}

const ingresses: Readonly<Record<string, (backend: Backend) => Promise<unknown>>> = {
  'template add': (backend) => backend.templates.add('t', at('t.vmdk')),
  'image import to qcow2': (backend) =>
    backend.image({ id: 'vm1' }, 'disk', 'qcow2').createImage({ file: at('t.vmdk') }),
  'image import to flat': (backend) =>
    backend.image({ id: 'vm1' }, 'disk', 'flat').createImage({ file: at('t.vmdk') }),
  'cache with a function': (backend) =>
    backend.image({ id: 'vm1' }, 'disk', 'qcow2').cache({
      template: 't',
      fetch: (target) => promisify(execFile)('cp', [at('t.vmdk'), target]),
    }),
};

describe.each(Object.entries(ingresses))('%s', (_, act) => {
  test.runIf(canSandbox)(
    'runs every tool on the foreign file in the sandbox, under limits',
    async () => {
      const lines = await toolsOf(nodeHost(), act);
      const onForeign = lines.filter((line) => /qemu-img (info|convert)/.test(line));
      expect(onForeign).toHaveLength(2);
      for (const line of onForeign) {
        expect(line).toMatch(
          /^prlimit --cpu=\d+ --as=\d+ --fsize=\d+ bwrap .*--unshare-net.* -- qemu-img/,
        );
        expect(line).toContain(' -f vmdk ');
      }
      // The trial comes once.
      expect(lines.filter((line) => line.endsWith('qemu-img --version'))).toHaveLength(1);
    },
  );

  test('is held by limits alone where there is no sandbox', async () => {
    for (const broken of ['missing', 'cannot run'] as const) {
      const lines = await toolsOf(withoutSandbox(nodeHost(), broken), act);
      const onForeign = lines.filter((line) => /qemu-img (info|convert)/.test(line));
      expect(onForeign).toHaveLength(2);
      for (const line of onForeign) {
        expect(line).toMatch(/^prlimit --cpu=\d+ --as=\d+ --fsize=\d+ qemu-img/);
      }
    }
  });
});

function withoutSandbox(host: Host, broken: 'missing' | 'cannot run'): Host {
  const fake = at('bwrap-that-fails');
  writeFileSync(fake, '#!/bin/sh\necho "bwrap: Creating new namespace failed" >&2\nexit 1\n');
  chmodSync(fake, 0o755);
  return {
    ...host,
    executor: {
      run: (command, options) =>
        host.executor.run(
          command.file === 'bwrap'
            ? { ...command, file: broken === 'missing' ? 'no-such-bwrap' : fake }
            : command,
          options,
        ),
    },
  };
}

test('the reason why there is no sandbox is told', async () => {
  expect(await containmentOf(withoutSandbox(nodeHost(), 'cannot run'))).toEqual({
    kind: 'limits',
    reason: 'bwrap: Creating new namespace failed',
  });
  expect(await containmentOf(withoutSandbox(nodeHost(), 'missing'))).toMatchObject({
    kind: 'limits',
  });
});

test.runIf(canSandbox)('a trial that could not be carried out is tried again', async () => {
  const host = nodeHost();
  let isBroken = true;
  const flaky: Host = {
    ...host,
    executor: {
      run(command, options) {
        if (!isBroken) return host.executor.run(command, options);
        return Promise.reject(new PlatterError('CANCELED', 'no'));
      },
    },
  };
  expect(await codeOf(containmentOf(flaky))).toBe('CANCELED');
  isBroken = false;
  expect(await containmentOf(flaky)).toEqual({ kind: 'sandbox' });
});
