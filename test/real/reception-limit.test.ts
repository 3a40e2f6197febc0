/** What has no end, on this host: servers, pipes and functions are stopped at the limit, and nothing is left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, closeSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { codeOf } from '../contract/world.ts';
import { leftoversIn } from './file-images.ts';
import { webServer, type WebServer } from './web-server.ts';

const MiB = 1024 * 1024;
const maxReceivedBytes = 8 * MiB;

let directory: string;
let instancesPath: string;
let backend: Backend;
let server: WebServer;

beforeEach(async () => {
  directory = mkdtempSync(`${tmpdir()}/platter-test-`);
  instancesPath = `${directory}/instances`;
  backend = new Backend({
    host: nodeHost(),
    config: { instancesPath, limits: { maxReceivedBytes } },
  });
  server = await webServer();
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function requireNothingLeft(): Promise<void> {
  expect(await leftoversIn(instancesPath)).toEqual([]);
  expect(await backend.templates.list()).toEqual([]);
}

test('a server that never ends is hung up on', async () => {
  let isHungUp = false;
  let sentBytes = 0;
  server.answer = (_, response) => {
    response.writeHead(200, { etag: '"one"' });
    response.on('close', () => (isHungUp = true));
    const send = () => {
      if (isHungUp) return;
      sentBytes += MiB;
      response.write(Buffer.alloc(MiB, 7), send);
    };
    send();
  };
  expect(await codeOf(backend.templates.add('t', `${server.url}/t.raw`))).toBe('UNSAFE_IMAGE');
  await expect.poll(() => isHungUp).toBe(true);
  expect(server.requests).toHaveLength(1);
  // What the sockets hold comes on top.
  expect(sentBytes).toBeLessThan(maxReceivedBytes + 32 * MiB);
  await requireNothingLeft();
});

test('a server that says that it sends more is hung up on at once', async () => {
  server.answer = (_, response) => {
    response.writeHead(200, { 'content-length': maxReceivedBytes + 1 });
    response.write('x');
  };
  expect(await codeOf(backend.templates.add('t', `${server.url}/t.raw`))).toBe('UNSAFE_IMAGE');
  await requireNothingLeft();
});

test('a function that writes for ever is told to stop', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
  let wasTold = false;
  const caching = image.cache({
    template: 't',
    async fetch(target, { signal, onProgress }) {
      const file = openSync(target, 'w');
      for (let done = MiB; !signal.aborted; done += MiB) {
        writeSync(file, Buffer.alloc(MiB, 7));
        onProgress({ phase: 'fetch', done });
        await sleep(10);
      }
      closeSync(file);
      wasTold = true;
    },
  });
  expect(await codeOf(caching)).toBe('UNSAFE_IMAGE');
  expect(wasTold).toBe(true);
  await requireNothingLeft();
});

test('whoever pipes for ever into the command is cut off, with exit status 6', async () => {
  const config = `${directory}/config.toml`;
  writeFileSync(config, `[limits]\nmax_received_bytes = ${maxReceivedBytes}\n`);
  const child = spawn(
    'bash',
    [
      '-c',
      'yes | node dist/cli/main.js --json --instances-path "$0" template add t -; echo "${PIPESTATUS[@]}"',
      instancesPath,
    ],
    {
      env: { ...process.env, PLATTER_CONFIG: config },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  await once(child, 'close');
  // 141: SIGPIPE.
  expect(stdout).toBe('141 6\n');
  expect(JSON.parse(stderr)).toMatchObject({
    error: {
      code: 'UNSAFE_IMAGE',
      hint: expect.stringContaining('max_received_bytes') as unknown,
      details: { violations: [{ code: 'TOO_LARGE' }] },
    },
  });
  await requireNothingLeft();
});
