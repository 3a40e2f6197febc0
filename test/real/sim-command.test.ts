/** `platter sim` as a user runs it: a control that fails, its file replayed, shrunk, explained and made a test. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';

let directory: string;
let file: string;

const sim = (...args: string[]) => platter('/nonexistent', ['sim', ...args]);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'platter-sim-'));
  const { status, stdout } = await sim(
    ...['run', '--json', '--profile', 'lying-disk', '--scenarios', '60', '--out', directory],
  );
  expect(status).toBe(1);
  const report = JSON.parse(stdout) as { violations: { file: string }[] };
  file = report.violations[0]?.file ?? '';
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the same seed takes the same course in another process, on any number of workers', async () => {
  const run = async (...more: string[]) => {
    const result = await sim('run', '--json', '--seed', '7', '--scenarios', '30', ...more);
    return { status: result.status, ...(JSON.parse(result.stdout) as Record<string, unknown>) };
  };
  const alone = await run('--workers', '1');
  const shared = await run('--workers', '2');
  expect(alone).toMatchObject({
    status: 0,
    seed: 7,
    backend: 'qcow2',
    profile: 'all',
    scenarios: 30,
    violations: [],
  });
  for (const key of ['traceHash', 'portCalls', 'simulatedSeconds', 'distinctStates']) {
    expect(shared).toHaveProperty(key, (alone as Record<string, unknown>)[key]);
  }
});

test('a failure is replayed by one run', async () => {
  const { status, stdout } = await sim('replay', file, '--json');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ reproduced: true, sameTrace: true });
});

test('it is made small, explained, and becomes a test', async () => {
  const small = join(directory, 'small.json');
  expect((await sim('shrink', file, '--runs', '300', '--out', small)).status).toBe(0);
  const page = join(directory, 'page.html');
  const text = await sim('explain', small);
  expect(text.stdout).toContain('VIOLATION');
  expect((await sim('explain', small, '--html', page)).stdout).toBe(`${page}\n`);
  expect(readFileSync(page, 'utf8')).toContain('<table>');
  const written = join(directory, 'tests', 'a.test.ts');
  await sim('export-test', small, written);
  expect(readFileSync(written, 'utf8')).toContain('runScenario');
  expect(existsSync(join(directory, 'tests', 'small.json'))).toBe(true);
});

test('a sweep counts what it tried, and nothing that was possible is left out', async () => {
  const { status, stdout } = await sim(
    ...['sweep', '--json', '--backend', 'flat', '--operation', 'list', '--states', '2'],
  );
  const report = JSON.parse(stdout) as Record<string, unknown> & {
    steps: number;
    runs: number;
    faultsInjected: number;
    crashStates: number;
    matrix: { site: string; injected: string[] }[];
  };
  expect({ status, violations: report['violations'], missing: report['missing'] }).toEqual({
    status: 0,
    violations: [],
    missing: [],
  });
  expect(report.runs).toBe(report.faultsInjected + report.crashStates);
  expect(report.steps).toBeGreaterThan(4);
  const listing = report.matrix.find(({ site }) => site === 'filesystem.readDirectory');
  expect(listing?.injected).toEqual(
    ['kill process', 'pause', 'jump clock', 'EIO', 'EMFILE', 'ESTALE', 'cut power'].sort(),
  );
});

test('the coverage of a run is written to a file', async () => {
  const coverage = join(directory, 'coverage.json');
  await sim('run', '--json', '--scenarios', '20', '--profile', 'disk', '--coverage', coverage);
  const report = JSON.parse(readFileSync(coverage, 'utf8')) as {
    operations: Record<string, Record<string, number>>;
    matrix: { site: string; reached: number; faults: object; never: string[] }[];
  };
  expect(report.operations['cache']?.['done']).toBeGreaterThan(0);
  const rename = report.matrix.find(({ site }) => site === 'filesystem.rename');
  expect(rename?.reached).toBeGreaterThan(0);
  expect(rename?.never).toContain('kill process');
});

test.each([
  [['run', '--backend', 'qcow'], 'INVALID_ARGUMENT', 'did you mean qcow2?'],
  [['run', '--profile', 'crsh'], 'INVALID_ARGUMENT', 'did you mean crash?'],
  [['run', '--scenarios', '0'], 'INVALID_ARGUMENT', 'write a number from 1 on'],
  [['run', '--scenarios', '5', '--seconds', '5'], 'INVALID_ARGUMENT', undefined],
  [['mutants', '--only', 'nobody'], 'INVALID_ARGUMENT', undefined],
  [['sweep', '--operation', 'resise'], 'INVALID_ARGUMENT', 'did you mean resize?'],
  [['sweep', '--states', '0'], 'INVALID_ARGUMENT', 'write a number from 1 on'],
  [['replay', '/nonexistent/failure.json'], 'NOT_FOUND', undefined],
  [['explain', 'package.json'], 'INVALID_ARGUMENT', 'platter sim run writes failure files'],
])('%j is refused', async (args, code, hint) => {
  const result = await sim(...args, '--json');
  const error = errorOf(result);
  expect(error.code).toBe(code);
  if (hint !== undefined) expect(error.hint).toBe(hint);
  expect(result.status).toBe(code === 'NOT_FOUND' ? 3 : 2);
});
