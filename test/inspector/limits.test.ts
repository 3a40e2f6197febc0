/** Every limit refuses what is above it, with its code, and none is lost by being left out. */
import { afterAll, describe, expect, test } from 'vitest';
import { inspect } from '../../src/inspector/inspect.ts';
import type { ImageLimits } from '../../src/inspector/limits.ts';
import { bytesReader } from '../../src/inspector/reader.ts';
import type { ViolationCode } from '../../src/inspector/violation.ts';
import { codesOf, CorpusDirectory } from './corpus.ts';
import { be32, be64, edited, grown } from './corpus/bytes.ts';

const corpus = new CorpusDirectory();
afterAll(() => corpus.remove());

const TiB = 1024 ** 4;
const qcow2 = 'qcow2 compat=1.1 10M';

interface Case {
  readonly image: string;
  readonly limits: Partial<ImageLimits>;
  readonly code: ViolationCode;
}

const cases: readonly Case[] = [
  { image: qcow2, limits: { maxVirtualSizeBytes: 10 * 1024 ** 2 - 1 }, code: 'TOO_LARGE' },
  {
    image: qcow2,
    limits: { expansionFloorBytes: 0, maxExpansionRatio: 10 },
    code: 'EXPANSION',
  },
  { image: qcow2, limits: { maxTableBytes: 4096 }, code: 'TABLE_SIZE' },
  { image: 'vpc subformat=dynamic 10M', limits: { maxTableBytes: 16 }, code: 'TABLE_SIZE' },
  { image: 'vhdx 10M', limits: { maxTableBytes: 1024 ** 2 - 1 }, code: 'TABLE_SIZE' },
  { image: 'vdi 10M', limits: { maxTableBytes: 39 }, code: 'TABLE_SIZE' },
  { image: 'vmdk 10M', limits: { maxTableBytes: 3 }, code: 'TABLE_SIZE' },
  { image: 'parallels 10M', limits: { maxTableBytes: 39 }, code: 'TABLE_SIZE' },
  { image: 'vmdk 10M', limits: { maxDescriptorBytes: 10_000 }, code: 'DESCRIPTOR' },
  { image: qcow2, limits: { maxClusterBytes: 65535 }, code: 'CLUSTER_SIZE' },
  { image: 'vpc subformat=dynamic 10M', limits: { maxClusterBytes: 65536 }, code: 'CLUSTER_SIZE' },
  { image: 'vhdx 10M', limits: { maxClusterBytes: 65536 }, code: 'CLUSTER_SIZE' },
  { image: 'vdi 10M', limits: { maxClusterBytes: 65536 }, code: 'CLUSTER_SIZE' },
  { image: 'vmdk 10M', limits: { maxClusterBytes: 65535 }, code: 'CLUSTER_SIZE' },
  { image: 'parallels 10M', limits: { maxClusterBytes: 65536 }, code: 'CLUSTER_SIZE' },
  { image: qcow2, limits: { maxHeaderBytes: 104 }, code: 'HEADER_LENGTH' },
  { image: 'vdi 10M', limits: { maxHeaderBytes: 104 }, code: 'HEADER_LENGTH' },
];

describe('a limit', () => {
  test.each(cases)('$limits refuses $image', async ({ image, limits, code }) => {
    const reader = bytesReader(corpus.bytesOf(image));
    expect((await inspect(reader, {})).safe).toBe(true);
    expect(codesOf(await inspect(reader, limits))).toEqual([code]);
  });

  test('of snapshots counts them', async () => {
    const edits = [grown(262144), be32(60, 2), be64(64, 196608)];
    const reader = () => bytesReader(edited(corpus.bytesOf(qcow2), ...edits));
    expect(codesOf(await inspect(reader(), { maxSnapshots: 1 }))).toEqual(['SNAPSHOTS']);
    expect(codesOf(await inspect(reader(), { maxSnapshots: 2 }))).toEqual([]);
  });
});

const sparse = (sizeBytes: number) => bytesReader(new Uint8Array(0), sizeBytes);

describe('the limits of size', () => {
  test('hold to the byte', async () => {
    expect((await inspect(sparse(64 * TiB), {})).safe).toBe(true);
    expect(codesOf(await inspect(sparse(64 * TiB + 1), {}))).toEqual(['TOO_LARGE']);
  });

  test('hold beyond all numbers', async () => {
    expect(codesOf(await inspect(sparse(Number.MAX_SAFE_INTEGER), {}))).toEqual(['TOO_LARGE']);
  });
});
