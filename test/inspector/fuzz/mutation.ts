/**
 * Random changes of images, made to hit what parsers decide by: fields, signatures, lengths, ends.
 */
import { fc } from '@fast-check/vitest';
import { field, edited } from '../corpus/bytes.ts';
import { Mutant } from './mutant.ts';
import { seeds, type Seed } from './seeds.ts';

export interface LoadedSeed extends Seed {
  readonly bytes: Uint8Array;
}

type Change =
  | { readonly kind: 'field'; readonly index: number; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'token'; readonly position: number; readonly token: string }
  | {
      readonly kind: 'graft';
      readonly seed: number;
      readonly from: number;
      readonly position: number;
      readonly lengthBytes: number;
    };

type Resize =
  | { readonly kind: 'keep' }
  | { readonly kind: 'cut'; readonly part: number }
  | { readonly kind: 'grow'; readonly byBytes: number }
  | { readonly kind: 'append'; readonly seed: number };

export interface Mutation {
  readonly seed: number;
  readonly changes: readonly Change[];
  readonly resize: Resize;
  readonly isRepaired: boolean;
}

const GiB = 1024n ** 3n;
/** Around what formats, limits and number types end at. */
const edges = [0n, 1n, 8n, 64n, 104n, 512n, 4096n, 65536n, 2n ** 20n, 2n ** 21n, 2n ** 25n].concat(
  [2n ** 28n, 2n ** 31n, 2n ** 32n, 256n * GiB, 2040n * GiB, 65536n * GiB],
  [2n ** 53n, 2n ** 55n, 2n ** 62n, 2n ** 63n, 2n ** 64n],
);
/** Types of extensions of qcow2, creators of VHD, marks of parallels. */
const constants = [0x44415441n, 0xe2792acan, 0x23852875n, 0x0537be77n, 0x6803f857n].concat(
  [0x77696e20n, 0x64327620n, 0x74617000n, 0x71656d32n, 0x76706320n],
  [0x746f6e59n, 0x312e3276n],
);
const value = fc.oneof(
  fc.constantFrom(...constants),
  fc.integer({ min: 0, max: 40 }).map(BigInt),
  fc
    .tuple(fc.constantFrom(...edges), fc.integer({ min: -2, max: 2 }))
    .map(([edge, distance]) => BigInt.asUintN(64, edge + BigInt(distance))),
  fc.integer({ min: 0, max: 63 }).map((bit) => 1n << BigInt(bit)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

/** From the start, or with a negative number from the end. */
const position = fc.oneof(
  fc.constantFrom(0, 0x40, 446, 510, 512, 4096, 0x8001, -512, -1024, -1536),
  fc.nat(511),
  fc.nat(12 * 1024),
  fc.nat(70_000),
  fc.integer({ min: -1600, max: -1 }),
);

const token = fc.constantFrom(
  ...['QFI\xfb\0\0\0\x01', 'QFI\xfb\0\0\0\x02', 'QFI\xfb\0\0\0\x03', 'QED\0', 'KDMV', 'COWD'],
  ...['conectix', 'vhdxfile', '\x7f\x10\xda\xbe', 'WithoutFreeSpace', 'WithouFreSpacExt'],
  ...['LUKS\xba\xbe\0\x01', 'LUKS\xba\xbe\0\x02', 'CD001', 'EFI PART', '\x55\xaa', 'koly'],
  ...['\xbe\xba\xfe\xca\0\0\0\0', 'Bochs Virtual HD Image\0', '#!/bin/sh\n#V2.0 Format\n'],
  ...['# Disk DescriptorFile\nversion=1\n', '#\n \nversion=3\n', 'version=2\r\n', '\n', '\0', '"'],
  ...['parentFileNameHint="/x"', 'createType="monolithicFlat"', 'RW 8 FLAT "/x" 0\n', 'CID=1\n'],
  ...['DATA\0\0\0\x04/x\0\0', '\xe2\x79\x2a\xca\0\0\0\x03raw', '#\x85\x28\x75\0\0\0\x18'],
);

const seedIndex = fc.nat(seeds.length - 1);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('field'), index: fc.nat(63), value }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('bytes'),
      position,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('token'), position, token }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('graft'),
      seed: seedIndex,
      from: position,
      position,
      lengthBytes: fc.constantFrom(1, 4, 8, 16, 512, 4096, 70_000),
    }),
  },
);

const resize: fc.Arbitrary<Resize> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('keep') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), part: fc.nat(70_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('grow'),
      byBytes: fc.constantFrom(1, 7, 511, 512, 65536, 2 ** 30, 2 ** 40),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('append'), seed: seedIndex }) },
);

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  seed: seedIndex,
  changes: fc.array(change, { minLength: 1, maxLength: 4 }),
  resize,
  isRepaired: fc.boolean(),
});

/** The image that a mutation stands for. */
export function mutated(loaded: readonly LoadedSeed[], how: Mutation): Mutant {
  const seed = at(loaded, how.seed);
  const mutant = new Mutant(seed.bytes);
  for (const one of how.changes) applyChange(mutant, seed, loaded, one);
  applyResize(mutant, loaded, how.resize);
  if (how.isRepaired) seed.repair?.(mutant);
  return mutant;
}

function applyChange(
  mutant: Mutant,
  seed: LoadedSeed,
  loaded: readonly LoadedSeed[],
  one: Change,
): void {
  switch (one.kind) {
    case 'field': {
      if (seed.fields.length === 0) return;
      const { position: start, width, order } = at(seed.fields, one.index);
      mutant.write(start, edited(new Uint8Array(width), field(0, width, one.value, order)));
      return;
    }
    case 'bytes':
      mutant.write(placeOf(mutant.sizeBytes, one.position), one.bytes);
      return;
    case 'token':
      mutant.write(placeOf(mutant.sizeBytes, one.position), Buffer.from(one.token, 'latin1'));
      return;
    case 'graft': {
      const { bytes } = at(loaded, one.seed);
      const from = placeOf(bytes.length, one.from);
      mutant.write(
        placeOf(mutant.sizeBytes, one.position),
        bytes.subarray(from, from + one.lengthBytes),
      );
    }
  }
}

function applyResize(mutant: Mutant, loaded: readonly LoadedSeed[], resizing: Resize): void {
  switch (resizing.kind) {
    case 'keep':
      return;
    case 'cut':
      mutant.sizeBytes = Math.min(mutant.sizeBytes, resizing.part);
      return;
    case 'grow':
      mutant.sizeBytes += resizing.byBytes;
      return;
    case 'append': {
      const start = mutant.sizeBytes;
      const { bytes } = at(loaded, resizing.seed);
      mutant.sizeBytes += bytes.length;
      mutant.write(start, bytes);
    }
  }
}

function placeOf(sizeBytes: number, place: number): number {
  return place >= 0 ? place : Math.max(0, sizeBytes + place);
}

/** Any index is one of the list. */
function at<Item>(list: readonly Item[], index: number): Item {
  const item = list[index % list.length];
  if (item === undefined) throw new Error('the list is empty');
  return item;
}
