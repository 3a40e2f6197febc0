/** What need not have an end is received up to the limit: it is refused then, no more is read, and nothing is left. */
import { beforeEach, describe, expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import type { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import type { FetchFunction } from '../../src/ingress/source.ts';
import type { Host } from '../../src/ports/host.ts';
import type { HttpResponse } from '../../src/ports/http.ts';

const MiB = 2 ** 20;
const maxReceivedBytes = 4 * MiB;

let host: Host;
let backend: Backend;
let response: HttpResponse;
let readBytes: number;
let isClosed: boolean;

/** Pieces of this many bytes; as many as are asked for. */
function endless(pieceBytes: number) {
  const piece = new Uint8Array(pieceBytes).fill(7);
  return {
    read: () => {
      readBytes += pieceBytes;
      return Promise.resolve(piece);
    },
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

async function* pieces(pieceBytes: number, count: number) {
  const stream = endless(pieceBytes);
  try {
    for (let index = 0; index < count; index += 1) yield await stream.read();
  } finally {
    await stream.close();
  }
}

beforeEach(async () => {
  ({ host } = simHost());
  readBytes = 0;
  isClosed = false;
  await host.filesystem.makeDirectory('/instances');
  const executor: Host['executor'] = { run: () => Promise.reject(new Error('no tool runs here')) };
  const http = { get: () => Promise.resolve(response) };
  backend = new Backend({
    host: { ...host, http, executor },
    config: { instancesPath: '/instances', limits: { maxReceivedBytes } },
  });
});

async function refusalOf(adding: Promise<unknown>): Promise<void> {
  const error = await adding.then(
    () => undefined,
    (reason: unknown) => reason as PlatterError,
  );
  expect(error).toMatchObject({
    code: 'UNSAFE_IMAGE',
    message: expect.stringContaining(`limit of ${maxReceivedBytes} bytes`) as unknown,
    hint: expect.stringContaining('max_received_bytes') as unknown,
    details: { violations: [{ code: 'TOO_LARGE' }] },
  });
  expect(await backend.templates.list()).toEqual([]);
  const left = await host.filesystem.readDirectory('/instances/_base').catch(() => []);
  expect(left).toEqual([]);
}

describe('a stream', () => {
  test('without an end is read no further, and closed', async () => {
    await refusalOf(backend.templates.add('t', pieces(64 * 1024, Infinity)));
    expect(readBytes).toBe(maxReceivedBytes + 64 * 1024);
    expect(isClosed).toBe(true);
  });

  test('of one byte more is refused', async () => {
    await refusalOf(backend.templates.add('t', pieces(maxReceivedBytes + 1, 1)));
    expect(isClosed).toBe(true);
  });

  test('of just as much is taken', async () => {
    backend = new Backend({
      host,
      config: { instancesPath: '/instances', limits: { maxReceivedBytes } },
    });
    const { fileSizeBytes } = await backend.templates.add('t', pieces(MiB, 4));
    expect(fileSizeBytes).toBe(maxReceivedBytes);
  });
});

test('a stream that never comes is not waited for when that is canceled', async () => {
  const cancel = new AbortController();
  const never = (async function* nothing() {
    yield await new Promise<Uint8Array>(() => {});
  })();
  const adding = backend.templates.add('t', never, { signal: cancel.signal });
  await host.clock.sleep(1000);
  cancel.abort();
  await expect(adding).rejects.toMatchObject({ code: 'CANCELED', details: { undo: 'undone' } });
});

describe('a server', () => {
  const answer = (headers: Record<string, string>, status = 200) => {
    response = { status, headers, body: endless(4096) };
  };

  test('that never ends is read no further', async () => {
    answer({ etag: '"a"' });
    await refusalOf(backend.templates.add('t', 'http://images.example/t'));
    expect(readBytes).toBe(maxReceivedBytes + 4096);
    expect(isClosed).toBe(true);
  });

  test('that says that it has more is not read at all', async () => {
    answer({ 'content-length': String(maxReceivedBytes + 1), etag: '"a"' });
    await refusalOf(backend.templates.add('t', 'http://images.example/t'));
    expect(readBytes).toBe(0);
    expect(isClosed).toBe(true);
  });

  test('that sends more than it says is read no further', async () => {
    answer({ 'content-length': '1024' });
    await refusalOf(backend.templates.add('t', 'http://images.example/t'));
    expect(readBytes).toBe(maxReceivedBytes + 4096);
  });

  test('that has a part of more than the limit is not read', async () => {
    answer({ 'content-range': `bytes 0-9/${maxReceivedBytes + 1}` }, 206);
    await refusalOf(backend.templates.add('t', 'http://images.example/t'));
    expect(readBytes).toBe(0);
  });
});

describe('a function', () => {
  const writing =
    (bytes: (step: number) => number, obeys: boolean, steps: number): FetchFunction =>
    async (target, { signal, onProgress }) => {
      const file = await host.filesystem.open(target, 'create');
      try {
        for (let step = 0; step < steps; step += 1) {
          if (obeys) signal.throwIfAborted();
          await file.truncate(bytes(step));
          onProgress({ phase: 'fetch', done: bytes(step) });
          await host.clock.sleep(1000);
        }
      } finally {
        await file.close();
      }
    };
  const cache = (fetch: FetchFunction) =>
    backend.image({ id: 'vm1' }, 'disk', 'qcow2').cache({ template: 't', fetch });

  test('that never ends and tells how far it is, is told to stop', async () => {
    let reached = 0;
    const size = (step: number) => (reached = (step + 1) * MiB);
    await refusalOf(cache(writing(size, true, Infinity)));
    expect(reached).toBe(5 * MiB);
  });

  test('that does not stop is refused when it has ended', async () => {
    await refusalOf(cache(writing((step) => (step + 1) * MiB, false, 20)));
  });

  test('that is quick is refused when it has ended', async () => {
    await refusalOf(cache(writing(() => maxReceivedBytes + 1, true, 1)));
  });

  test('that writes the content of an image is held to the same', async () => {
    const prepare = writing(() => maxReceivedBytes + 1, true, 1);
    await refusalOf(backend.image({ id: 'vm1' }, 'disk', 'flat').createImage({ prepare }));
    expect(await backend.image({ id: 'vm1' }, 'disk', 'flat').exists()).toBe(false);
  });
});
