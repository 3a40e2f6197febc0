/**
 * The locks port of a simulated process: the algorithm of proper-lockfile 4 with platter's owner records, as the adapter
 * src/adapters/lockfile-locks.ts has it, at the level of its system calls.
 *
 * It loses mutual exclusion in the ways of the original, and the engine has to be right all the same: a lock that looks
 * stale is removed by a path that may have become somebody else's (stale race); a holder that was overtaken removes what
 * it takes for its own; the observer's clock decides what is stale. Who lost a lock learns it at its next refresh.
 */
import { PlatterError } from '../src/errors.ts';
import type { Lock, LockOwner, LockRequest, Locks } from '../src/ports/locks.ts';
import { identityOf, type SimProcess } from './process.ts';
import { simSlots } from './slots.ts';
import type { World } from './world.ts';

const staleMs = 15_000;
const refreshUs = 5_000_000;
const pollUs = 250_000;
/** Two directories and a record. */
const lockBytes = 3 * 4096;

/** A lock directory and the record beside it, which come and go one by one. */
export interface LockState {
  readonly key: string;
  /** When the directory was last kept fresh; undefined when there is none. */
  directoryMs: number | undefined;
  owner: LockOwner | undefined;
  /** Who believes that it holds the lock. */
  readonly believers: Set<Hold>;
  /** How often it was taken while another process that runs believed that it held it. */
  heldTwice: number;
  readonly waiting: Set<() => void>;
}

interface Hold {
  readonly process: SimProcess;
  readonly owner: LockOwner;
  readonly lost: AbortController;
  freshMs: number;
  isReleased: boolean;
}

/** All locks of a world, by directory and name. */
export function lockTable(world: World): Map<string, LockState> {
  return world.shared('locks', () => new Map<string, LockState>());
}

/** By hand: whoever holds one learns it at its next refresh. */
export function removeLocks(world: World): void {
  for (const state of lockTable(world).values()) {
    state.owner = undefined;
    removeDirectory(state);
  }
}

export function simLocks(world: World, process: SimProcess): Locks {
  return {
    acquire: (request) => acquire(world, process, request),
    holder: (directory, name) =>
      world.call(process, 'locks.holder', name, () => stateOf(world, directory, name).owner),
    slot: simSlots(world, process),
  };
}

function stateOf(world: World, directory: string, name: string): LockState {
  const table = lockTable(world);
  const key = `${directory}/${name}`;
  const known = table.get(key);
  if (known !== undefined) return known;
  const state: LockState = {
    key,
    directoryMs: undefined,
    owner: undefined,
    believers: new Set(),
    heldTwice: 0,
    waiting: new Set(),
  };
  table.set(key, state);
  return state;
}

async function acquire(world: World, process: SimProcess, request: LockRequest): Promise<Lock> {
  const state = stateOf(world, request.directory, request.name);
  const startedUs = world.gate.nowUs;
  const watch: Watch = { directoryMs: undefined, sinceUs: 0 };
  let hasTold = false;
  let draws = 0;
  for (;;) {
    if (request.signal?.aborted === true) throw request.signal.reason;
    const holder = await call(world, process, 'look', state, () => state.owner);
    const standing = holder === undefined ? 'unknown' : standingOf(process, holder);
    if (standing === 'gone' && holder !== undefined)
      await removeDead(world, process, state, holder);
    if (standing !== 'alive' && (await makeDirectory(world, process, state, watch))) {
      draws += 1;
      return take(world, process, state, { request, draws });
    }
    if (world.gate.nowUs - startedUs >= request.waitMs * 1000) throw lockedError(request, holder);
    if (!hasTold) request.onWait?.(holder);
    hasTold = true;
    await nextChange(world, process, state, request.signal);
  }
}

function call<Value>(
  world: World,
  process: SimProcess,
  name: string,
  state: LockState,
  effect: () => Value,
): Promise<Value> {
  return world.call(process, `locks.${name}`, state.key, effect);
}

/** A holder of this machine that runs keeps its lock however long it stands still. */
function standingOf(process: SimProcess, holder: LockOwner): 'gone' | 'alive' | 'unknown' {
  const self = identityOf(process);
  if (holder.machine !== self.machine) return 'unknown';
  if (holder.boot !== self.boot) return 'gone';
  const runs = [...process.machine.processes].some(
    ({ pid, startTicks }) => pid === holder.pid && String(startTicks) === holder.processStart,
  );
  return runs ? 'alive' : 'gone';
}

/** Whoever removes the record of a dead owner removes its lock, and nobody else. */
async function removeDead(
  world: World,
  process: SimProcess,
  state: LockState,
  holder: LockOwner,
): Promise<void> {
  const isMine = await call(world, process, 'remove dead record', state, () => {
    if (state.owner?.id !== holder.id) return false;
    state.owner = undefined;
    return true;
  });
  if (isMine) await call(world, process, 'remove dead lock', state, () => removeDirectory(state));
}

/** mkdir; where that fails, the stale check of the original: look at the age, remove by path, and try once more. */
async function makeDirectory(
  world: World,
  process: SimProcess,
  state: LockState,
  watch: Watch,
): Promise<boolean> {
  const make = () => {
    if (state.directoryMs !== undefined) return false;
    world.volume.requireRoom(lockBytes, state.key);
    state.directoryMs = world.wallMs(process.machine);
    return true;
  };
  if (await call(world, process, 'make directory', state, make)) return true;
  const isStale = await call(world, process, 'look at age', state, () => {
    if (state.directoryMs === undefined) return false;
    const age = world.wallMs(process.machine) - state.directoryMs;
    return age > staleMs || (age < 0 && isUnchanged(world, state, watch));
  });
  if (!isStale) return false;
  await call(world, process, 'remove stale', state, () => removeDirectory(state));
  return call(world, process, 'make directory', state, make);
}

/** A lock from the future never becomes stale by its age: whoever waits watches whether it is kept fresh. */
interface Watch {
  directoryMs: number | undefined;
  sinceUs: number;
}

function isUnchanged(world: World, { directoryMs }: LockState, watch: Watch): boolean {
  if (watch.directoryMs === directoryMs) return world.gate.nowUs - watch.sinceUs > staleMs * 1000;
  watch.directoryMs = directoryMs;
  watch.sinceUs = world.gate.nowUs;
  return false;
}

function removeDirectory(state: LockState): void {
  state.directoryMs = undefined;
  wake(state);
}

function wake(state: LockState): void {
  const waiting = [...state.waiting];
  state.waiting.clear();
  for (const proceed of waiting) proceed();
}

async function take(
  world: World,
  process: SimProcess,
  state: LockState,
  { request, draws }: { request: LockRequest; draws: number },
): Promise<Lock> {
  const owner: LockOwner = {
    ...identityOf(process),
    id: `${process.id}-${world.gate.steps}-${draws}`,
    operation: request.operation,
    since: new Date(world.wallMs(process.machine)).toISOString(),
  };
  const hold: Hold = {
    process,
    owner,
    lost: new AbortController(),
    freshMs: state.directoryMs ?? 0,
    isReleased: false,
  };
  await call(world, process, 'write record', state, () => {
    state.owner = owner;
    hold.freshMs = state.directoryMs ?? hold.freshMs;
    if ([...state.believers].some((other) => other.process.isAlive)) state.heldTwice += 1;
    state.believers.add(hold);
    keepFresh(world, state, hold);
  });
  return {
    owner,
    signal: hold.lost.signal,
    verify: () =>
      call(world, process, 'verify', state, () => {
        if (state.owner?.id !== owner.id) throw lost(state);
      }),
    release: () => release(world, state, hold),
  };
}

/**
 * At each refresh the holder sees whether the lock is still its own, by the time that it last set. Whoever stood still
 * does not come to that first when it goes on: what it was about to do may be done before.
 */
function keepFresh(world: World, state: LockState, hold: Hold): void {
  const { process } = hold;
  const refresh = () => {
    if (hold.isReleased) return;
    if (state.directoryMs !== hold.freshMs) {
      state.believers.delete(hold);
      hold.lost.abort(lost(state));
      return;
    }
    hold.freshMs = world.wallMs(process.machine);
    state.directoryMs = hold.freshMs;
    keepFresh(world, state, hold);
  };
  world.gate.at(
    world.gate.nowUs + refreshUs,
    () => {
      if (hold.isReleased) return;
      const held = { owner: process, name: 'locks.refresh', subject: state.key, proceed: refresh };
      world.gate.hold(held);
    },
    process,
  );
}

async function release(world: World, state: LockState, hold: Hold): Promise<void> {
  const isMine = await call(world, hold.process, 'remove record', state, () => {
    hold.isReleased = true;
    state.believers.delete(hold);
    if (state.owner?.id !== hold.owner.id) return false;
    state.owner = undefined;
    return true;
  });
  if (isMine) await call(world, hold.process, 'remove', state, () => removeDirectory(state));
}

/** Waits for a release, or a while: a lock becomes stale without anybody telling. */
function nextChange(
  world: World,
  process: SimProcess,
  state: LockState,
  signal: AbortSignal | undefined,
): Promise<void> {
  return world.callLater<void>(process, 'locks.wait', state.key, (settle) => {
    const proceed = () => {
      timer.cancel();
      signal?.removeEventListener('abort', proceed);
      state.waiting.delete(proceed);
      settle.resolve();
    };
    const timer = world.gate.at(world.gate.nowUs + pollUs * 4, proceed, process);
    state.waiting.add(proceed);
    signal?.addEventListener('abort', proceed, { once: true });
  });
}

function lost({ key }: LockState): PlatterError {
  return new PlatterError('LOCKED', 'lost the lock', { details: { lock: key } });
}

function lockedError(request: LockRequest, holder: LockOwner | undefined): PlatterError {
  return new PlatterError('LOCKED', `cannot ${request.operation}: somebody is at work on it`, {
    details: { lock: request.name, ...(holder === undefined ? {} : { holder }) },
  });
}
