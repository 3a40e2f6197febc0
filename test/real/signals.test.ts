/** What waits for somebody who never comes ends when it is told to, and has cleared up by then. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

describe('a command that only reads ends at once, though what it asks never answers', () => {
  const tools = mkdtempSync(`${tmpdir()}/platter-test-`);
  afterAll(() => rmSync(tools, { recursive: true, force: true }));
  beforeAll(() => {
    writeFileSync(`${tools}/rbd`, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    writeFileSync(`${tools}/config.toml`, '[rbd]\npool = "vms"\n');
  });

  function list(...more: string[]) {
    const args = ['--config', `${tools}/config.toml`, '--instances-path', instances, ...more];
    const env = { ...process.env, PATH: `${tools}:${process.env['PATH']}` };
    const child = spawn('node', ['dist/cli/main.js', ...args, 'image', 'list', '--json'], { env });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    return { child, code: () => (JSON.parse(stderr) as { error: { code: string } }).error.code };
  }

  async function untilItAsks({ pid }: ChildProcess): Promise<void> {
    const children = `/proc/${pid}/task/${pid}/children`;
    while (readFileSync(children, 'utf8').trim() === '') await sleep(20);
  }

  test('when it is interrupted', { timeout: 30_000 }, async () => {
    const { child, code } = list();
    await untilItAsks(child);
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(code()).toBe('CANCELED');
  });

  test('when its time is up', { timeout: 30_000 }, async () => {
    const { child, code } = list('--timeout', '1s');
    expect(await once(child, 'close')).toEqual([75, null]);
    expect(code()).toBe('TIMED_OUT');
  });
});

test.each([0, 3, 8])('a signal that comes %i ms after the first is listened to', async (ms) => {
  const preload = `data:text/javascript,let n=0; process.on('newListener', (event) => {
    if (event === 'SIGTERM' && n++ === 0) setTimeout(() => process.kill(process.pid, event), ${ms});
  });`;
  const args = ['image', 'create', `early${ms}/disk`, '--size', '1G'];
  const child = spawn(
    'node',
    ['--import', preload, 'dist/cli/main.js', '--instances-path', instances, ...args],
    { stdio: 'ignore' },
  );
  expect(await once(child, 'close')).toEqual([143, null]);
});

test('a --timeout beyond the timers of Node is none that is over at once', async () => {
  const args = ['image', 'create', 'late/disk', '--size', '1M', '--timeout', '25d'];
  expect(await platter(instances, args)).toMatchObject({ status: 0, stderr: '' });
});
