/** Locks of processes that die, stand still, or lose what they hold. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { codeOf } from '../contract/world.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/platter-test-`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const request = (waitMs: number) => ({ directory, name: 'n', operation: 'test', waitMs });

/** A process that takes the lock and keeps it. */
async function holder(): Promise<ChildProcess> {
  const script = `
    import { nodeHost } from './dist/src/index.js';
    await nodeHost().locks.acquire({ directory: '${directory}', name: 'n', operation: 'hold', waitMs: 0 });
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const child = spawn('node', ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

test('the lock of a process that died is taken at once', async () => {
  const child = await holder();
  expect(await codeOf(nodeHost().locks.acquire(request(0)))).toBe('LOCKED');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const startedAt = performance.now();
  const lock = await nodeHost().locks.acquire(request(0));
  expect(performance.now() - startedAt).toBeLessThan(5000);
  await lock.release();
  expect(await readdir(directory)).toEqual([]);
});

test('the lock of a process that stands still on this host is not taken', async () => {
  const child = await holder();
  child.kill('SIGSTOP');
  const past = new Date(Date.now() - 60_000);
  await utimes(`${directory}/platter-n.lock`, past, past);
  const refused = nodeHost().locks.acquire(request(300));
  await expect(refused).rejects.toMatchObject({
    code: 'LOCKED',
    details: { holder: { pid: child.pid, operation: 'hold' } },
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('only one of many takes over from the dead', async () => {
  const child = await holder();
  child.kill('SIGKILL');
  await once(child, 'exit');
  let held = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      const lock = await nodeHost().locks.acquire(request(60_000));
      held += 1;
      most = Math.max(most, held);
      await sleep(5);
      held -= 1;
      await lock.release();
    }),
  );
  expect(most).toBe(1);
  expect(await readdir(directory)).toEqual([]);
});

test('a lock that cannot be given back is not kept fresh for ever', async () => {
  const lock = await nodeHost().locks.acquire(request(0));
  const record = `${directory}/platter-n.owner/${lock.owner.id}.json`;
  await rm(record);
  await mkdir(record);
  await expect(lock.release()).rejects.toThrow(/directory|not permitted/);
  await rm(record, { recursive: true });
  const next = await nodeHost().locks.acquire(request(0));
  await next.release();
  expect(await readdir(directory)).toEqual([]);
});

test('who loses its lock is told through its signal, and releases nothing of the other', async () => {
  const lock = await nodeHost().locks.acquire(request(0));
  await rm(`${directory}/platter-n.owner`, { recursive: true });
  await rm(`${directory}/platter-n.lock`, { recursive: true });
  const other = await nodeHost().locks.acquire(request(0));
  if (!lock.signal.aborted) await once(lock.signal, 'abort');
  expect(lock.signal.reason).toMatchObject({ code: 'LOCKED' });
  await lock.release();
  expect(await codeOf(nodeHost().locks.acquire(request(0)))).toBe('LOCKED');
  await other.release();
});
