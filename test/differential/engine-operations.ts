/** Random operations of the engine, as data, with what guests write in between. */
import * as fc from 'fast-check';
import { writeLengths, writePositions } from './side.ts';

export type EngineOperation =
  | { kind: 'cache'; vm: string; template: string; sizeBytes: number | undefined; fetches: boolean }
  | { kind: 'create'; vm: string; source: string; sizeBytes: number | undefined }
  | { kind: 'clone'; vm: string; of: string; snapshot: string; sizeBytes: number | undefined }
  | { kind: 'resize'; vm: string; sizeBytes: number; isRelative: boolean }
  | { kind: 'snapshot' | 'restore' | 'unsnapshot'; vm: string; snapshot: string }
  | { kind: 'export'; vm: string; snapshot: string | undefined; format: string | undefined }
  | { kind: 'flatten' | 'destroy' | 'show'; vm: string }
  | { kind: 'write'; vm: string; position: number; length: number; byte: number }
  | {
      kind: 'add template' | 'delete template' | 'verify template';
      template: string;
      source: string;
    }
  | { kind: 'list' | 'recover' };

const MiB = 1024 * 1024;

const vm = fc.constantFrom('vm1', 'vm1', 'vm1', 'vm2');
const template = fc.constantFrom('t1', 't1', 't2');
/** Files from outside: see `furnish` in engine-fuzz.ts. */
const source = fc.constantFrom(
  'small.raw',
  'small.raw',
  'odd.raw',
  'big.qcow2',
  'big.qcow2',
  'leaning.qcow2',
  'missing.raw',
);
const bytes = fc.constantFrom(1, 4, 6, 8, 8, 12, 16).map((count) => count * MiB);
const odd = fc.constantFrom(0, 1, 4 * MiB + 1, 8 * MiB - 1, 2 ** 53 - 1, 1.5, -1);
const sizeBytes = fc.oneof({ weight: 9, arbitrary: bytes }, { weight: 1, arbitrary: odd });
const optionalSize = fc.option(sizeBytes, { nil: undefined, freq: 1 });
const snapshot = fc.constantFrom('s1', 's1', 's2', '1', 'bad name');
const optionalSnapshot = fc.option(fc.constantFrom('s1', 's2', '1'), { nil: undefined, freq: 2 });

const one = <Kind extends string>(kind: Kind) => fc.constant(kind);

const operation: fc.Arbitrary<EngineOperation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: one('cache'),
      vm,
      template,
      sizeBytes: optionalSize,
      fetches: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: one('create'),
      vm,
      source: fc.oneof(fc.constant('blank'), fc.constant('generated'), source),
      sizeBytes: optionalSize,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: one('clone'), vm, of: vm, snapshot, sizeBytes: optionalSize }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: one('resize'), vm, sizeBytes, isRelative: fc.boolean() }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'snapshot' as const,
        'snapshot' as const,
        'restore' as const,
        'restore' as const,
        'unsnapshot' as const,
      ),
      vm,
      snapshot,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: one('export'),
      vm,
      snapshot: optionalSnapshot,
      format: fc.constantFrom(undefined, 'raw', 'qcow2', 'frob'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: one('flatten'), vm }) },
  { weight: 1, arbitrary: fc.record({ kind: one('destroy'), vm }) },
  { weight: 1, arbitrary: fc.record({ kind: one('show'), vm }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: one('write'),
      vm,
      position: fc.constantFrom(...writePositions),
      length: fc.constantFrom(...writeLengths),
      byte: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 255 }) },
        { weight: 1, arbitrary: fc.constant(0) },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'add template' as const,
        'delete template' as const,
        'verify template' as const,
      ),
      template,
      source,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('list' as const, 'recover' as const) }),
  },
);

/** A disk with a snapshot to begin with, so that most of what follows finds one. */
const furniture: readonly EngineOperation[] = [
  { kind: 'cache', vm: 'vm1', template: 't1', sizeBytes: 8 * MiB, fetches: true },
  { kind: 'write', vm: 'vm1', position: MiB, length: 64 * 1024, byte: 0x11 },
  { kind: 'snapshot', vm: 'vm1', snapshot: 's1' },
  { kind: 'write', vm: 'vm1', position: MiB, length: 4096, byte: 0x12 },
];

export const engineOperations: fc.Arbitrary<readonly EngineOperation[]> = fc
  .tuple(
    fc.constantFrom([], furniture, furniture, furniture),
    fc.array(operation, { minLength: 1, maxLength: 20, size: 'max' }),
  )
  .map(([first, then]) => [...first, ...then]);
