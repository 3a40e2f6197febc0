/** Failures as files: found in a control, replayed by one run, made small, told as text, page and test. */
import { beforeAll, expect, test } from 'vitest';
import { explainAsHtml } from '../../sim/failures/explain-html.ts';
import { explainAsText } from '../../sim/failures/explain.ts';
import { exportTest } from '../../sim/failures/export-test.ts';
import { parseFailure, type FailureFile } from '../../sim/failures/failure-file.ts';
import { replay } from '../../sim/failures/replay.ts';
import { shrink } from '../../sim/failures/shrink.ts';
import { timelineOf } from '../../sim/failures/timeline.ts';
import { runShard } from '../../sim/soak/shard.ts';

let failure: FailureFile;

beforeAll(async () => {
  const { failures } = await runShard({
    backend: 'qcow2',
    profile: 'lying-disk',
    seed: 1,
    scenarios: 200,
    stopsAtFailure: true,
    repeatsOneIn: 0,
  });
  const [found] = failures;
  if (found === undefined) throw new Error('the control did not fail');
  // As a file has it.
  failure = parseFailure(JSON.stringify(found), 'found.json');
});

test('one run reproduces it, by the very same course', async () => {
  const { isReproduced, isSameTrace } = await replay(failure);
  expect({ isReproduced, isSameTrace }).toEqual({ isReproduced: true, isSameTrace: true });
});

test('a small one breaks the same invariant', async () => {
  const { failure: small } = await shrink(failure, { runsMax: 400 });
  expect(small.violation.id).toBe(failure.violation.id);
  expect(operations(small)).toBeLessThan(operations(failure));
  expect((await replay(small)).isReproduced).toBe(true);
});

function operations({ scenario }: FailureFile): number {
  return scenario.clients.reduce((sum, client) => sum + client.operations.length, 0);
}

test('it is told by host, with what broke at the end', async () => {
  const timeline = await timelineOf(failure, { isWhole: false });
  const text = explainAsText(failure, timeline);
  expect(text).toContain('POWER IS CUT');
  expect(text).toContain(`VIOLATION ${failure.violation.id}`);
  const page = explainAsHtml(failure, timeline);
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain(`<h1>${failure.violation.id}</h1>`);
});

test('it becomes a test', () => {
  const source = exportTest(failure, 'found.json');
  expect(source).toContain("import { runScenario } from 'platter/sim'");
  expect(source).toContain('"./found.json"');
});

test.each([
  ['{', 'is no failure file'],
  ['[]', 'is no failure file'],
  ['{"format":2}', 'has format 2'],
  ['{"format":1}', 'has no violation'],
])('%s is refused', (text, message) => {
  expect(() => parseFailure(text, 'x.json')).toThrow(message);
});

test.each([
  [{ backend: 'foo' }, 'backend'],
  [{ machines: [] }, 'machines'],
  [{ machines: [{ drift: -5, offsetMs: 0 }] }, 'machines.0.drift'],
  [{ clients: [{ machine: 9, operations: [] }] }, 'a machine that is not there'],
  [{ clients: [{ machine: 0, operations: [{ kind: 'cache', subject: 5 }] }] }, 'subject'],
  [{ clients: [{ machine: 0, operations: [{ kind: 'zap', subject: 'vm1/disk' }] }] }, 'kind'],
  [{ faults: [{ host: 0, site: '*', nth: 1, kind: 'zap' }] }, 'faults.0.kind'],
  [{ config: { preallocateImages: 'zap', maxConcurrentDiskOps: 0 } }, 'config.preallocateImages'],
])('a scenario with %o is refused', (wrong, message) => {
  const edited = { ...failure, scenario: { ...failure.scenario, ...wrong } };
  expect(() => parseFailure(JSON.stringify(edited), 'x.json')).toThrow(message);
});

test('a violation that nothing looks for is refused', () => {
  const edited = { ...failure, violation: { ...failure.violation, id: 'nope' } };
  expect(() => parseFailure(JSON.stringify(edited), 'x.json')).toThrow('"nope"');
});
