/** What waits for somebody who never comes ends when it is told to, and has cleared up by then. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { platter } from './command.ts';
import { leftoversIn } from './file-images.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${directory}/instances`;
beforeAll(() => platter(instances, ['template', 'list']));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Standard input is given a part of an image, and then stays open. */
function addHalf(...more: string[]) {
  const args = ['--instances-path', instances, 'template', 'add', 't', '-', '--json', ...more];
  const child = spawn('node', ['dist/cli/main.js', ...args], { stdio: 'pipe' });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  child.stdin.on('error', () => {});
  child.stdin.write('x'.repeat(100_000));
  return { child, error: () => (JSON.parse(stderr) as { error: { code: string } }).error };
}

async function untilAtWork(): Promise<void> {
  while ((await leftoversIn(instances)).every((path) => !path.endsWith('.work'))) await sleep(20);
}

test.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a template that never comes, with %i', async (signal, status) => {
  const { child, error } = addHalf();
  await untilAtWork();
  child.kill(signal);
  expect(await once(child, 'close')).toEqual([status, null]);
  expect(error()).toMatchObject({ code: 'CANCELED', details: { undo: 'undone' } });
  expect(await leftoversIn(instances)).toEqual([]);
});

test('--timeout ends it too', async () => {
  const { child, error } = addHalf('--timeout', '1s');
  expect(await once(child, 'close')).toEqual([75, null]);
  expect(error().code).toBe('TIMED_OUT');
  expect(await leftoversIn(instances)).toEqual([]);
});
