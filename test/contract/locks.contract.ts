/** What the engine relies on of locks. Runs on the real and on the simulated ones. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PlatterError } from '../../src/errors.ts';
import type { LockRequest } from '../../src/ports/locks.ts';
import { codeOf, type MakeWorld, type World } from './world.ts';

export function locksContract(name: string, makeWorld: MakeWorld): void {
  describe(`locks: ${name}`, () => {
    let world: World;
    const request = (more: Partial<LockRequest> = {}): LockRequest => ({
      directory: `${world.directory}/locks`,
      name: 'image~vm1~disk',
      operation: 'image create vm1/disk',
      waitMs: 0,
      ...more,
    });

    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.dispose());

    test('one holder at a time; the other is told who and what', async () => {
      const { locks, facts } = world.host;
      const lock = await locks.acquire(request());
      expect(lock.owner).toMatchObject({ pid: facts.self.pid, operation: 'image create vm1/disk' });
      await lock.verify();
      expect(await locks.holder(`${world.directory}/locks`, 'image~vm1~disk')).toEqual(lock.owner);
      const other = await world.otherProcess();
      const told: unknown[] = [];
      const refused = await other.locks
        .acquire(request({ waitMs: 300, onWait: (holder) => told.push(holder) }))
        .catch((error: unknown) => error as PlatterError);
      expect(refused).toMatchObject({ code: 'LOCKED', details: { holder: lock.owner } });
      expect(told).toEqual([lock.owner]);
      await lock.release();
      const next = await other.locks.acquire(request());
      await next.release();
    });

    test('the lock of a process that died is taken at once', async () => {
      await world.dieHolding(request());
      const { locks, clock } = world.host;
      const startedMs = clock.monotonicMs();
      const lock = await locks.acquire(request());
      expect(clock.monotonicMs() - startedMs).toBeLessThan(10_000);
      expect(await locks.holder(`${world.directory}/locks`, 'image~vm1~disk')).toEqual(lock.owner);
      await lock.release();
    });

    test('whoever loses its lock is told through its signal, and gives back nothing of the other', async () => {
      const { locks, clock } = world.host;
      const lock = await locks.acquire(request());
      await world.stealLock(request());
      const other = await world.otherProcess();
      await clock.sleep(20);
      const theirs = await other.locks.acquire(request());
      await expect(lock.verify()).rejects.toMatchObject({ code: 'LOCKED' });
      await theirs.verify();
      for (let round = 0; round < 30 && !lock.signal.aborted; round += 1) await clock.sleep(1000);
      expect(lock.signal.aborted).toBe(true);
      expect(lock.signal.reason).toMatchObject({ code: 'LOCKED' });
      await lock.release();
      expect(await codeOf(locks.acquire(request()))).toBe('LOCKED');
      expect(theirs.signal.aborted).toBe(false);
      await theirs.release();
    });

    test('a lock can be given back twice', async () => {
      const lock = await world.host.locks.acquire(request());
      await lock.release();
      const next = await world.host.locks.acquire(request());
      await lock.release();
      expect(await codeOf(world.host.locks.acquire(request()))).toBe('LOCKED');
      await next.release();
    });

    test('leaves nothing behind', async () => {
      const lock = await world.host.locks.acquire(request());
      await lock.release();
      const { filesystem } = world.host;
      const left = await filesystem.readDirectory(`${world.directory}/locks`).catch(() => []);
      expect(left).toEqual([]);
      expect(await world.host.locks.holder(`${world.directory}/locks`, 'image~vm1~disk')).toBe(
        undefined,
      );
    });

    test('whoever waits gets it when it is released', async () => {
      const { locks } = world.host;
      const first = await locks.acquire(request());
      const order: string[] = [];
      const waiting = locks.acquire(request({ waitMs: 30_000 })).then(async (lock) => {
        order.push('second');
        await lock.release();
      });
      await world.host.clock.sleep(50);
      order.push('first');
      await first.release();
      await waiting;
      expect(order).toEqual(['first', 'second']);
    });

    test('different names do not meet', async () => {
      const one = await world.host.locks.acquire(request());
      const two = await world.host.locks.acquire(request({ name: 'image~vm1~other' }));
      await one.release();
      await two.release();
    });

    test('waiting ends when the caller cancels', async () => {
      const { locks, clock } = world.host;
      const lock = await locks.acquire(request());
      const cancel = new AbortController();
      const waiting = codeOf(locks.acquire(request({ waitMs: Infinity, signal: cancel.signal })));
      await clock.sleep(30);
      cancel.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' }));
      expect(await waiting).toBe('ENOUGH');
      await lock.release();
    });

    test('slots: so many at a time, and the next when one is given back', async () => {
      const { locks } = world.host;
      const one = await locks.slot('pool', 2);
      const two = await locks.slot('pool', 2);
      let third: (() => void) | undefined;
      const waiting = locks.slot('pool', 2).then((giveBack) => {
        third = giveBack;
      });
      await world.host.clock.sleep(10);
      expect(third).toBe(undefined);
      one();
      await waiting;
      expect(third).toBeDefined();
      two();
      third?.();
    });

    test('a slot that is waited for can be given up', async () => {
      const { locks, clock } = world.host;
      const held = await locks.slot('pool', 1);
      const cancel = new AbortController();
      const waiting = codeOf(locks.slot('pool', 1, cancel.signal));
      await clock.sleep(5);
      cancel.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' }));
      expect(await waiting).toBe('ENOUGH');
      held();
      (await locks.slot('pool', 1))();
    });
  });
}
