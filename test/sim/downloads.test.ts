/** Downloads that are broken off and continued: what is stored is one version of the file, whole. */
import { beforeEach, expect, test } from 'vitest';
import { webOf } from '../../sim/http.ts';
import { simHost, type SimHost, type SimHostOptions } from '../../sim/sim-host.ts';
import { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Http, HttpRequest } from '../../src/ports/http.ts';
import { codeOf } from '../contract/world.ts';

const MiB = 2 ** 20;
const address = 'http://images.example/t';

const versions = {
  A: { bytes: new Uint8Array(2 * MiB).fill(0x41), etag: '"A"' },
  B: { bytes: new Uint8Array(2 * MiB).fill(0x42), etag: '"B"' },
  short: { bytes: new Uint8Array(MiB / 2).fill(0x43), etag: '"C"' },
  // Where a transfer of A stops when it is broken off.
  half: { bytes: new Uint8Array(MiB).fill(0x44), etag: '"D"' },
  zeros: { bytes: new Uint8Array(2 * MiB).fill(0x45, 0, MiB), etag: '"E"' },
};

let sim: SimHost;
let backend: Backend;
/** Connections break after so many bytes, and none is made then. */
let breaksAfter: number | undefined;
let isAway: boolean;
let requests: (HttpRequest['headers'] & object)[];

function breaking(http: Http): Http {
  const unlessAway = () => {
    if (isAway) throw new PlatterError('UNREACHABLE', 'the connection broke');
  };
  return {
    async get(request) {
      unlessAway();
      requests.push(request.headers ?? {});
      const response = await http.get(request);
      let left = breaksAfter ?? Infinity;
      const read = async () => {
        isAway = left <= 0;
        unlessAway();
        const piece = await response.body.read();
        left -= piece?.length ?? 0;
        return piece;
      };
      return { ...response, body: { ...response.body, read } };
    },
  };
}

async function start(options: SimHostOptions = {}): Promise<void> {
  sim = simHost(options);
  await sim.filesystem.makeDirectory('/work');
  requests = [];
  breaksAfter = undefined;
  isAway = false;
  const host = { ...sim.host, http: breaking(sim.http) };
  backend = new Backend({ host, config: { instancesPath: '/work/instances' } });
}

beforeEach(() => start());

function serve(version: keyof typeof versions, options = {}): void {
  webOf(sim.world).set(address, { ...versions[version], ...options });
}

async function breakOff(bytes = MiB, from = address): Promise<void> {
  breaksAfter = bytes;
  expect(await codeOf(backend.templates.add('t', from))).toBe('UNREACHABLE');
  breaksAfter = undefined;
  isAway = false;
  requests.length = 0;
}

async function expectStored(version: keyof typeof versions, from = address): Promise<void> {
  const { bytes } = versions[version];
  const template = await backend.templates.add('t', from);
  expect(template.fileSizeBytes).toBe(bytes.length);
  await backend.templates.verify('t');
  const stored = await sim.filesystem.readBytes(template.path, 0, bytes.length);
  expect(Buffer.compare(stored, bytes)).toBe(0);
}

const ignoresIfRange = { ignoresIfRange: true };

test('is continued where it stopped', async () => {
  serve('A');
  await breakOff();
  await expectStored('A');
  expect(requests).toMatchObject([{ range: `bytes=${MiB}-` }]);
});

test('another version from a server that knows no If-Range is not put behind', async () => {
  serve('A', ignoresIfRange);
  await breakOff();
  serve('B', ignoresIfRange);
  await expectStored('B');
  expect(requests).toMatchObject([{ range: `bytes=${MiB}-` }, {}]);
});

test('nor one that changes and changes back', async () => {
  serve('A');
  await breakOff();
  serve('B');
  await breakOff(MiB / 2);
  serve('A');
  await expectStored('A');
});

test('nor what has the same validator at the same address with another query', async () => {
  webOf(sim.world).set(`${address}?v=a`, { ...versions.A, etag: '"same"' });
  webOf(sim.world).set(`${address}?v=b`, { ...versions.B, etag: '"same"' });
  await breakOff(MiB, `${address}?v=a`);
  const kept = await sim.filesystem.readText(
    '/work/instances/_base/.platter/t.partial/intent.json',
  );
  expect(kept).not.toContain('v=a');
  await expectStored('B', `${address}?v=b`);
});

test('a partial that cannot be continued is not taken for another version', async () => {
  serve('A');
  await breakOff();
  serve('B', { etag: 'W/"weak"' });
  await breakOff(MiB / 2);
  serve('A');
  await expectStored('A');
});

test.each(['short', 'half'] as const)(
  'a partial that the new version is no longer than is dropped (%s)',
  async (version) => {
    serve('A', ignoresIfRange);
    await breakOff();
    serve(version, ignoresIfRange);
    await expectStored(version);
  },
);

test('the zeros at its end are there when the connection breaks after the last byte', async () => {
  // Pieces are of 64 KiB.
  await start({ faults: [{ host: 0, site: 'http.read', nth: 33, kind: 'EIO' }] });
  serve('zeros');
  await expectStored('zeros');
  expect(requests).toMatchObject([{}, { range: `bytes=${2 * MiB}-` }]);
});

test('it takes room only for what is still to come', async () => {
  await start({ capacityBytes: 2.75 * MiB });
  serve('A');
  await breakOff();
  await expectStored('A');
  expect(requests).toMatchObject([{ range: `bytes=${MiB}-` }]);
});

test('what has filled the filesystem gives it back', async () => {
  await start({ capacityBytes: 1.5 * MiB });
  serve('A');
  const server = breaking(sim.http);
  // Who does not say how large it is, is believed to have room.
  const get: Http['get'] = async (request) => {
    const { headers, ...response } = await server.get(request);
    const { 'content-length': _, ...others } = headers;
    return { ...response, headers: others };
  };
  const { templates } = new Backend({
    host: { ...sim.host, http: { get } },
    config: { instancesPath: '/work/instances' },
  });
  expect(await codeOf(templates.add('t', address))).toBe('NO_SPACE');
  const partial = '/work/instances/_base/.platter/t.partial';
  expect(await codeOf(sim.filesystem.stat(partial))).toBe('ENOENT');
});
