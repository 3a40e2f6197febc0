/** Random command lines of qemu-img and cp, right and wrong, as data; and what guests do in between. */
import * as fc from 'fast-check';
import { writeLengths, writePositions } from './side.ts';

export type ToolOperation =
  | {
      readonly kind: 'create';
      readonly to: string;
      readonly size: string;
      readonly cluster: string;
    }
  | {
      readonly kind: 'overlay';
      readonly to: string;
      readonly base: string;
      readonly declared: string;
      readonly size: string | null;
      readonly isUnsafe: boolean;
    }
  | {
      readonly kind: 'convert';
      readonly from: string;
      readonly to: string;
      readonly snapshot: string | null;
      readonly leans: boolean;
      readonly into: boolean;
      readonly compress: boolean;
    }
  | {
      readonly kind: 'resize';
      readonly of: string;
      readonly size: string;
      readonly shrink: boolean;
      readonly opensChain: boolean;
    }
  | {
      readonly kind: 'snapshot';
      readonly of: string;
      readonly action: '-c' | '-a' | '-d';
      readonly name: string;
    }
  | { readonly kind: 'info'; readonly of: string; readonly format: string }
  | {
      readonly kind: 'check';
      readonly of: string;
      readonly format: string;
      readonly repair: boolean;
    }
  | { readonly kind: 'cp'; readonly from: string; readonly to: string }
  | { readonly kind: 'wrong'; readonly args: readonly string[] }
  | {
      readonly kind: 'write';
      readonly of: string;
      readonly position: number;
      readonly length: number;
      readonly byte: number;
    }
  | { readonly kind: 'remove'; readonly of: string };

const raws = ['a.raw', 'b.raw'];
const qcow2s = ['a.qcow2', 'b.qcow2', 'c.qcow2'];
export const toolFiles = [...raws, ...qcow2s];

/** The format that a name stands for. */
export function formatOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

const MiB = 1024 * 1024;
const file = fc.constantFrom(...toolFiles);
const missing = { weight: 1, arbitrary: fc.constant('missing.raw') };
const anyFile = fc.oneof({ weight: 20, arbitrary: file }, missing);
const size = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(1, 2, 4, 8, 8, 16).map((count) => String(count * MiB)) },
  { weight: 4, arbitrary: fc.constantFrom('8388609', '8388607', '513', '4194816', '107374182400') },
  { weight: 1, arbitrary: fc.constantFrom('0', '', 'x', '1GiB', '5M', '0x200000', '1.5M') },
);
const snapshotName = fc.constantFrom('s1', 's2', '1', '2');

/** What nobody would type, and programs do. */
const wrong = fc.constantFrom(
  ['frob'],
  ['create', '-q', '-f', 'qcow2', '{dir}/none/x.qcow2', '1048576'],
  ['create', '-q', '-f', 'raw', '{dir}', '1048576'],
  ['create', '-q', '-f', 'frob', '{dir}/x.raw', '1048576'],
  ['create', '-q', '-f', 'qcow2', '-o', 'cluster_size=1000', '{dir}/x.raw', '1048576'],
  ['create', '-q', '-f', 'qcow2', '{dir}/x.raw'],
  ['create', '-q', '-f', 'qcow2', '{dir}/x.raw', '-1'],
  ['resize', '-q', '-f', 'raw', '{dir}/missing.raw', '-1'],
  ['info', '--output=json', '-f', 'qcow2', '{dir}'],
  ['info', '--output=json', '-f', 'raw', '{dir}'],
  ['check', '-q', '--output=json', '-f', 'qcow2', '{dir}/missing.raw'],
  ['snapshot', '-q', '-c', 's', 'json:{"driver":"qcow2","file":{"driver":"file"},"backing":null}'],
  ['resize', '-q', 'json:{"driver":"qcow2","file":', '8388608'],
  ['check', '-q', 'json:{"driver":"frob","file":{"driver":"file","filename":"{dir}/a.qcow2"}}'],
);

/** Files to begin with, so that most of what follows finds something. */
const furniture: readonly ToolOperation[] = [
  { kind: 'create', to: 'a.raw', size: String(8 * MiB), cluster: '' },
  { kind: 'write', of: 'a.raw', position: 64 * 1024, length: 200 * 1024, byte: 0x54 },
  { kind: 'overlay', to: 'a.qcow2', base: 'a.raw', declared: 'right', size: null, isUnsafe: false },
  { kind: 'create', to: 'b.qcow2', size: String(4 * MiB), cluster: '' },
  { kind: 'write', of: 'b.qcow2', position: MiB, length: 64 * 1024, byte: 0x42 },
];

const toolOperation: fc.Arbitrary<ToolOperation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      to: file,
      size,
      cluster: fc.constantFrom('', '', '', '4096', '2097152'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('overlay' as const),
      to: fc.constantFrom(...qcow2s),
      base: anyFile,
      declared: fc.constantFrom('right', 'right', 'right', 'right', 'qcow2', ''),
      size: fc.option(size, { freq: 6 }),
      isUnsafe: fc.boolean(),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('convert' as const),
      from: anyFile,
      to: file,
      snapshot: fc.option(snapshotName, { freq: 2 }),
      leans: fc.boolean(),
      into: fc.constantFrom(false, false, true),
      compress: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('resize' as const),
      of: anyFile,
      size,
      shrink: fc.constantFrom(false, false, true),
      opensChain: fc.boolean(),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('snapshot' as const),
      of: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...qcow2s) },
        { weight: 1, arbitrary: anyFile },
      ),
      action: fc.constantFrom('-c', '-c', '-a', '-a', '-d'),
      name: snapshotName,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('info' as const),
      of: anyFile,
      format: fc.constantFrom('right', 'right', 'qcow2'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('check' as const),
      of: anyFile,
      format: fc.constantFrom('right', 'right', 'qcow2'),
      repair: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('cp' as const), from: anyFile, to: file }),
  },
  { weight: 1, arbitrary: wrong.map((args) => ({ kind: 'wrong' as const, args })) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      of: file,
      position: fc.constantFrom(...writePositions),
      length: fc.constantFrom(...writeLengths),
      byte: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 255 }) },
        { weight: 1, arbitrary: fc.constant(0) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), of: file }) },
);

export const toolOperations: fc.Arbitrary<readonly ToolOperation[]> = fc
  .tuple(
    fc.constantFrom([], furniture, furniture, furniture),
    fc.array(toolOperation, { minLength: 1, maxLength: 25, size: 'max' }),
  )
  .map(([first, then]) => [...first, ...then]);
