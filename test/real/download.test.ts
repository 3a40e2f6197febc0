/** Templates from web servers: redirects, broken transfers, checksums, and what is refused. */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { PlatterEvent } from '../../src/ports/events.ts';
import { codeOf } from '../contract/world.ts';
import { leftoversIn, makeImage } from './file-images.ts';
import { serving, webServer, type Answer, type WebServer } from './web-server.ts';

let directory: string;
let instancesPath: string;
let backend: Backend;
let server: WebServer;
let image: Buffer;
let sha256: string;

beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/platter-test-`);
  instancesPath = `${directory}/instances`;
  backend = new Backend({ host: nodeHost(), config: { instancesPath } });
  server = await webServer();
  await makeImage(`${directory}/t.raw`, 'raw', 8 * 1024 * 1024);
  image = await readFile(`${directory}/t.raw`);
  sha256 = createHash('sha256').update(image).digest('hex');
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

test('is fetched, hashed on the way, and stored without its zeros', async () => {
  server.answer = serving(image);
  const template = await backend.templates.add('t', `${server.url}/t.raw?token=secret`, { sha256 });
  expect(template).toMatchObject({ format: 'raw', sha256, source: `${server.url}/t.raw` });
  const { allocatedBytes } = await nodeHost().filesystem.stat(template.path);
  expect(allocatedBytes).toBeLessThan(2 * 1024 * 1024);
  await backend.templates.verify('t');
});

test('follows redirects, but not for ever', async () => {
  server.answer = (request, response) => {
    if (request.url === '/t.raw') return serving(image)(request, response);
    const left = Number(request.url?.slice(1));
    response.writeHead(302, { location: left > 1 ? `/${left - 1}` : 't.raw' }).end();
  };
  await backend.templates.add('near', `${server.url}/3`, { sha256 });
  expect(await codeOf(backend.templates.add('far', `${server.url}/9`))).toBe('UNREACHABLE');
});

test('refuses redirects to other schemes', async () => {
  server.answer = (_, response) =>
    response.writeHead(302, { location: 'file:///etc/passwd' }).end();
  expect(await codeOf(backend.templates.add('t', `${server.url}/x`))).toBe('INVALID_ARGUMENT');
});

test.each([
  '169.254.169.254',
  '10.1.2.3',
  '0.0.0.0',
  // 198.18.0.1, as one number.
  '3323068417',
  '[::1]',
  '[::ffff:192.168.1.1]',
  '[64:ff9b::172.16.0.1]',
  '[fd12::1]',
  'localhost',
])('refuses a redirect to %s, which is inside', async (host) => {
  server.answer = (_, response) =>
    response.writeHead(302, { location: `http://${host}:${new URL(server.url).port}/t` }).end();
  expect(await codeOf(backend.templates.add('t', `${server.url}/x`))).toBe('PERMISSION_DENIED');
  expect(server.requests).toHaveLength(1);
});

test('continues a transfer that breaks, from where it broke', async () => {
  let breaks = 3;
  const breakAfter = () => (breaks-- > 0 ? 1_000_000 : undefined);
  server.answer = serving(image, { breakAfter });
  await backend.templates.add('t', `${server.url}/t.raw`, { sha256 });
  expect(server.requests).toHaveLength(4);
  const starts = server.requests.map(({ range }) => Number(/=(\d+)-/.exec(range ?? '=0-')?.[1]));
  expect(starts[0]).toBe(0);
  expect(starts.toSorted((a, b) => a - b)).toEqual(starts);
  expect(starts[3]).toBeGreaterThan(1_000_000);
});

test('begins anew when the file has changed meanwhile', async () => {
  let answers = 0;
  server.answer = (request, response) => {
    answers += 1;
    if (answers === 1) {
      const old = Buffer.alloc(image.length, 0x6f);
      return serving(old, { etag: '"old"', breakAfter: () => 500_000 })(request, response);
    }
    return serving(image, { etag: '"new"' })(request, response);
  };
  await backend.templates.add('t', `${server.url}/t.raw`, { sha256 });
});

test('a download that was killed is continued by the next', async () => {
  const etag = '"one"';
  server.answer = (request, response) => {
    if (request.headers.range !== undefined) return serving(image, { etag })(request, response);
    response.writeHead(200, { etag, 'content-length': image.length });
    response.write(image.subarray(0, 3_000_000));
  };
  const url = `${server.url}/t.raw`;
  const args = ['dist/cli/main.js', '--instances-path', instancesPath, 'template', 'add', 't', url];
  const child = spawn('node', args, { stdio: 'ignore' });
  while (server.requests.length === 0) await sleep(20);
  await sleep(500);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await backend.templates.add('t', url, { sha256 });
  expect(server.requests).toHaveLength(2);
  expect(Number(/=(\d+)-/.exec(server.requests[1]?.range ?? '')?.[1])).toBeGreaterThan(1_000_000);
  expect(await leftoversIn(instancesPath)).toEqual([]);
});

test('a wrong checksum leaves nothing, and is not continued', async () => {
  server.answer = serving(image);
  const wrong = '0'.repeat(64);
  const adding = backend.templates.add('t', `${server.url}/t.raw`, { sha256: wrong });
  await expect(adding).rejects.toMatchObject({
    code: 'CHECKSUM_MISMATCH',
    message: `the image for template "t" has the SHA-256 ${sha256}, not ${wrong}`,
  });
  expect(await leftoversIn(instancesPath)).toEqual([]);
  expect(await backend.templates.list()).toEqual([]);
});

test.each([
  [404, 'NOT_FOUND'],
  [403, 'PERMISSION_DENIED'],
  [503, 'UNREACHABLE'],
])('HTTP %i is %s', async (status, code) => {
  server.answer = (_, response) => response.writeHead(status).end();
  expect(await codeOf(backend.templates.add('t', `${server.url}/t.raw`))).toBe(code);
  expect(await leftoversIn(instancesPath)).toEqual([]);
});

describe('a server that does not say how large the file is', () => {
  const warnings: string[] = [];
  const host = {
    ...nodeHost(),
    events: {
      emit(event: PlatterEvent) {
        if (event.type === 'warning') warnings.push(event.message);
      },
    },
  };
  const add = (options = {}) => {
    warnings.length = 0;
    const { templates } = new Backend({ host, config: { instancesPath } });
    return templates.add('t', `${server.url}/t.raw`, options);
  };
  /** As HTTP/1.0 does. */
  const closing: Answer = (_, response) => {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { connection: 'close' });
    response.end(image.subarray(0, 3 * 1024 * 1024));
  };

  test('and ends it by closing the connection: that is told', async () => {
    server.answer = closing;
    await add();
    expect(warnings).toEqual([expect.stringContaining('--sha256')]);
  });

  test('but not where the checksum tells', async () => {
    server.answer = closing;
    expect(await codeOf(add({ sha256 }))).toBe('CHECKSUM_MISMATCH');
    expect(warnings).toEqual([]);
  });

  test('nor where the last piece says that it is the last', async () => {
    server.answer = (_, response) => {
      response.write(image.subarray(0, 1000));
      response.end(image.subarray(1000));
    };
    expect(await add()).toMatchObject({ sha256 });
    expect(warnings).toEqual([]);
  });
});

test('is canceled when its caller wants it no more', async () => {
  server.answer = (_, response) => {
    response.writeHead(200, { 'content-length': image.length });
    response.write(image.subarray(0, 1000));
  };
  const cancel = new AbortController();
  const adding = codeOf(
    backend.templates.add('t', `${server.url}/t.raw`, { signal: cancel.signal }),
  );
  while (server.requests.length === 0) await sleep(10);
  cancel.abort();
  expect(await adding).toBe('CANCELED');
  expect(await leftoversIn(instancesPath)).toEqual([]);
});

test('more than the filesystem has room for is refused before it is fetched', async () => {
  server.answer = (_, response) => {
    response.writeHead(200, { 'content-length': 2 ** 50 });
    response.write('x');
  };
  const limits = { maxReceivedBytes: 2 ** 51 };
  const { templates } = new Backend({ host: nodeHost(), config: { instancesPath, limits } });
  expect(await codeOf(templates.add('t', `${server.url}/t.raw`))).toBe('NO_SPACE');
});
