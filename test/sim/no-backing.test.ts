/** The simulated qemu-img on an overlay, by its plain name and alone: ends as the real one did (no-backing.json). */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import { describeQcow2 } from '../../src/images/files/qcow2-state.ts';
import type { Host } from '../../src/ports/host.ts';

interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly stderr: string;
  readonly after?: { readonly virtualSizeBytes: number; readonly snapshots: number };
}

const MiB = 2 ** 20;
const place = '/tmp/platter-record/qemu-img';
const disk = `${place}/d.qcow2`;
const base = `${place}/base.raw`;

/** Not simulated: lists, probing with its warnings, and what Linux says of directories. */
const leftOut = /snapshot -l|^a raw file, plain: snapshot|^a directory|^as nobody|^no driver/;
const recordings = (
  JSON.parse(readFileSync('fixtures/qemu-img-7.2/no-backing.json', 'utf8')) as Recording[]
).filter(({ name }) => !leftOut.test(name));
const named = (pattern: RegExp) => recordings.filter(({ name }) => pattern.test(name));

let host: Host;
const run = (...args: string[]) => host.executor.run({ file: 'qemu-img', args });

/** A disk on base.raw (8 MiB), with two snapshots. */
async function makeDisk(mib: number): Promise<void> {
  const overlay = ['-b', base, '-F', 'raw', disk];
  await run('create', '-q', '-u', '-f', 'qcow2', ...overlay, `${mib / 2}M`);
  await run('snapshot', '-q', '-c', 's1', disk);
  await run('resize', '-q', '-f', 'qcow2', disk, String((mib * 3 * MiB) / 4));
  await run('snapshot', '-q', '-c', 's2', disk);
  await run('resize', '-q', '-f', 'qcow2', disk, String(mib * MiB));
}

beforeEach(async () => {
  ({ host } = simHost());
  await host.filesystem.makeDirectory('/tmp');
  await host.filesystem.makeDirectory('/tmp/platter-record');
  await host.filesystem.makeDirectory(place);
  await run('create', '-q', '-f', 'raw', base, '8M');
});

async function compare({ name, argv, exitCode, stderr, after }: Recording): Promise<void> {
  if (name.includes('after -a 1')) await run('snapshot', '-q', '-a', '1', disk);
  if (name.startsWith('base missing')) await host.filesystem.rename(base, `${base}.gone`);
  const result = await run(...argv.slice(1));
  expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode, stderr });
  if (after === undefined) return;
  const { virtualSizeBytes, snapshots, backing } = await describeQcow2(host.filesystem, disk);
  expect({ virtualSizeBytes, snapshots: snapshots.length, backing }).toEqual({
    virtualSizeBytes: after.virtualSizeBytes,
    snapshots: after.snapshots,
    backing: base,
  });
}

test.each(named(/^base (there|missing)/))('$name', async (recording) => {
  await makeDisk(32);
  await compare(recording);
});

test.each(named(/^smaller than its base/))('$name', async (recording) => {
  await makeDisk(4);
  await compare(recording);
});

test.each(named(/^(missing file|a raw file|-f as well|no json|another|raw with|no file|an opt)/))(
  '$name',
  async (recording) => {
    await makeDisk(32);
    await compare(recording);
  },
);

describe('what a disk shows that is smaller than what it leans on, and grows', () => {
  const alone = (path: string) =>
    `json:${JSON.stringify({ driver: 'qcow2', file: { driver: 'file', filename: path }, backing: null })}`;

  test.each([
    ['by its plain name: zeros', ['-f', 'qcow2', disk], 0],
    ['alone: the rest of that', [alone(disk)], 7],
  ])('%s', async (_, name, shown) => {
    const file = await host.filesystem.open(base, 'write');
    await file.write(new Uint8Array(512).fill(7), 6 * MiB);
    await file.close();
    await makeDisk(4);
    await run('resize', '-q', ...name, String(8 * MiB));
    await run('convert', '-f', 'qcow2', '-O', 'raw', disk, '/tmp/out');
    expect((await host.filesystem.readBytes('/tmp/out', 6 * MiB, 1))[0]).toBe(shown);
  });
});
