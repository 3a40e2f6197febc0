/**
 * Mutated headers: whatever a file holds, the inspector answers, reads a bounded number of bytes,
 * and calls nothing safe that leads to another file. Set PLATTER_FUZZ_RUNS and
 * PLATTER_FUZZ_TOOL_RUNS for more or fewer runs.
 */
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, expect } from 'vitest';
import { inspect, toolFormat, type Inspection } from '../../src/inspector/inspect.ts';
import { defaultImageLimits } from '../../src/inspector/limits.ts';
import { CorpusDirectory } from './corpus.ts';
import { readByTool } from './corpus/tools.ts';
import type { Mutant } from './fuzz/mutant.ts';
import { mutated, mutation, type LoadedSeed } from './fuzz/mutation.ts';
import { pointsElsewhere, probe } from './fuzz/second-reading.ts';
import { seeds } from './fuzz/seeds.ts';
import { Tally } from './fuzz/tally.ts';

const runs = Number(process.env['PLATTER_FUZZ_RUNS'] ?? 200_000);
const toolRuns = Number(process.env['PLATTER_FUZZ_TOOL_RUNS'] ?? 300);
const budgetBytes = 1024 * 1024;
const timeoutMs = 60 * 60 * 1000;

const corpus = new CorpusDirectory();
const loaded: readonly LoadedSeed[] = seeds.map((seed) => ({
  ...seed,
  bytes: corpus.bytesOf(seed.name),
}));
const tally = new Tally();
const toolTally = new Tally();
afterAll(() => {
  corpus.remove();
  tally.print('mutated headers');
  toolTally.print('mutated files read by qemu-img, too');
});

test('every seed is whole', async () => {
  for (const seed of loaded) {
    const mutant = mutated([seed], {
      seed: 0,
      changes: [],
      resize: { kind: 'keep' },
      isRepaired: true,
    });
    expect(Buffer.compare(mutant.read(0, seed.bytes.length), seed.bytes)).toBe(0);
    await inspectMutant(mutant);
  }
});

async function inspectMutant(mutant: Mutant): Promise<[Inspection, number]> {
  const reader = mutant.reader();
  return [await inspect(reader, defaultImageLimits), reader.bytesRead];
}

/**
 * What an inspection must never be. Thrown by hand: an assertion library costs more than the
 * inspection.
 */
function check(isRight: boolean, what: string, inspection: Inspection): void {
  if (!isRight) throw new Error(`${what}: ${JSON.stringify(inspection)}`);
}

function checkResult(inspection: Inspection): void {
  const { safe, violations, virtualSizeBytes } = inspection;
  check(safe === (violations.length === 0), 'safe and violations contradict', inspection);
  check(Number.isSafeInteger(virtualSizeBytes) && virtualSizeBytes >= 0, 'no size', inspection);
  check(!safe || virtualSizeBytes % 512 === 0, 'safe with a part of a sector', inspection);
  check(
    !safe || virtualSizeBytes <= defaultImageLimits.maxVirtualSizeBytes,
    'safe above the limit',
    inspection,
  );
  check(
    violations.every(({ message }) => !/Infinity|NaN|undefined/.test(message)),
    'a message without a value',
    inspection,
  );
}

function checkAgainstSecondReading(mutant: Mutant, inspection: Inspection): void {
  if (!inspection.safe) return;
  const read = (position: number, lengthBytes: number) => mutant.read(position, lengthBytes);
  const format = probe(read);
  const own = toolFormat(inspection.format);
  check(
    format === own || (format === 'raw' && own === 'vpc'),
    `safe, and probed as ${format}`,
    inspection,
  );
  const elsewhere = pointsElsewhere(read, own);
  check(elsewhere === undefined, `safe with ${elsewhere}`, inspection);
}

test.prop([mutation], { numRuns: runs })(
  'no mutated header is answered wrongly',
  async (one) => {
    const mutant = mutated(loaded, one);
    const [inspection, bytesRead] = await inspectMutant(mutant);
    tally.add(inspection, bytesRead);
    check(bytesRead <= budgetBytes, 'read more than the budget', inspection);
    checkResult(inspection);
    checkAgainstSecondReading(mutant, inspection);
  },
  timeoutMs,
);

test('as many were run as asked for', () => {
  expect(tally.runs).toBeGreaterThanOrEqual(runs);
  expect(tally.safe).toBeGreaterThan(runs / 50);
});

function checkAgainstTool(path: string, inspection: Inspection): void {
  const own = toolFormat(inspection.format);
  const probed = readByTool(path);
  if (!inspection.safe) {
    toolTally.count(`(unsafe, by qemu-img ${typeof probed === 'string' ? probed : 'opened'})`);
    return;
  }
  const named = readByTool(path, own);
  check(probed !== 'killed' && named !== 'killed', 'safe, and deadly to qemu-img', inspection);
  if (typeof probed === 'string' || typeof named === 'string') {
    check(probed === named, 'safe, and opened as one format only', inspection);
    toolTally.count(`(safe ${own}, by qemu-img refused)`);
    return;
  }
  check(
    probed.references.length === 0 && named.references.length === 0,
    'safe, with another file behind it',
    inspection,
  );
  const isSame = probed.format === own || (probed.format === 'raw' && own === 'vpc');
  check(isSame, `safe, and probed as ${probed.format}`, inspection);
  check(named.virtualSizeBytes === inspection.virtualSizeBytes, 'another size', inspection);
}

test(
  'qemu-img reads no mutated file otherwise',
  async () => {
    for (const one of fc.sample(mutation, toolRuns)) {
      const mutant = mutated(loaded, one);
      const [inspection, bytesRead] = await inspectMutant(mutant);
      const path = join(corpus.path, 'mutant');
      mutant.save(path);
      toolTally.add(inspection, bytesRead);
      checkAgainstTool(path, inspection);
    }
    expect(toolTally.runs).toBe(toolRuns);
  },
  timeoutMs,
);
