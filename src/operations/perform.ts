/**
 * Carries an operation through: takes the lock of what it works on, deals with what earlier operations left there,
 * finds out what to do, does it step by step, and clears up. An operation that fails is cleared up by the same code as
 * one whose process died.
 */
import { canceled, isHostError, messageOf, PlatterError, toPlatterError } from '../errors.ts';
import type { Progress } from '../ingress/source.ts';
import type { Host } from '../ports/host.ts';
import type { Lock } from '../ports/locks.ts';
import { areaPath } from '../workspace/area.ts';
import { withReserve } from '../workspace/reserve.ts';
import {
  isTakenOver,
  makeWorkspace,
  newWorkspace,
  type Intent,
  type Workspace,
} from '../workspace/workspace.ts';
import { guardHost } from './guard.ts';
import { clearAway, recoverLeftovers, recoverWorkspace } from './leftovers.ts';
import { planOf, type Plan, type Prepared, type Session } from './step.ts';
import type { ToolLimits } from '../config/config.ts';

/** Options of every operation that changes something. */
export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** How long to wait for a lock that somebody else holds. Default is 30 s. */
  readonly lockWaitMs?: number | undefined;
}

const lockWaitMsDefault = 30_000;

/** What became of an interrupted operation. */
export type Outcome = 'finished' | 'undone';

export interface Operation<Result> {
  /** For people, plans and lock records: "image create". */
  readonly name: string;
  /** For people: "vm1/disk". */
  readonly target: string;
  /** Where the workspace goes, and the name it is for. */
  readonly directory: string;
  readonly subject: string;
  readonly lock: { readonly directory: string; readonly name: string };
  readonly slots: number;
  readonly limits: ToolLimits;
  /** Of what gives space back: the file whose space it may take where nothing is left. */
  readonly reserve?: string;
  /** Only reads. */
  prepare(session: Session): Promise<Prepared<Result>>;
  /** Finishes or undoes what an intent says; private files are removed by the caller. */
  recover(session: Session, leftover: Workspace, intent: Intent | undefined): Promise<Outcome>;
}

export async function perform<Result>(
  host: Host,
  operation: Operation<Result>,
  options: OperationOptions,
): Promise<Result> {
  const attempt = () => performOnce(host, operation, options);
  const { reserve } = operation;
  return reserve === undefined ? attempt() : withReserve(host, reserve, attempt);
}

async function performOnce<Result>(
  host: Host,
  operation: Operation<Result>,
  options: OperationOptions,
): Promise<Result> {
  const lock = await acquire(host, operation, options);
  const stop = stopSignal([lock.signal, options.signal]);
  const session = sessionOf(host, operation, options, stop.signal);
  let failure: unknown;
  try {
    await recoverLeftovers(session, operation);
    return await carryOut(host, session, operation, lock);
  } catch (error) {
    failure = toPlatterError(error, actionOf(operation));
    throw failure;
  } finally {
    stop.dispose();
    await release(host, lock, failure !== undefined);
  }
}

/** Completes "cannot …": operations are named as the command has them, `image create`. */
function actionOf({ name, target }: Pick<Operation<unknown>, 'name' | 'target'>): string {
  return `${name.split(' ').reverse().join(' ')} ${target}`;
}

/** What `perform` would do; takes no lock and changes nothing. */
export async function plan<Result>(host: Host, operation: Operation<Result>): Promise<Plan> {
  const session = sessionOf(host, operation, {}, new AbortController().signal);
  const { steps } = await operation.prepare(session).catch((error: unknown) => {
    throw toPlatterError(error, actionOf(operation));
  });
  return planOf(operation.name, operation.target, steps);
}

async function acquire<Result>(
  host: Host,
  operation: Operation<Result>,
  options: OperationOptions,
): Promise<Lock> {
  const action = `${operation.name} ${operation.target}`;
  const stop = stopSignal([options.signal]);
  try {
    return await host.locks.acquire({
      ...operation.lock,
      operation: action,
      waitMs: options.lockWaitMs ?? lockWaitMsDefault,
      signal: stop.signal,
      onWait: (holder) => host.events.emit({ type: 'waiting', lock: operation.lock.name, holder }),
    });
  } catch (error) {
    throw toPlatterError(error, actionOf(operation));
  } finally {
    stop.dispose();
  }
}

/** The work is done or has failed already: a lock that cannot be given back must not hide that. */
async function release(host: Host, lock: Lock, hasFailed: boolean): Promise<void> {
  try {
    await lock.release();
  } catch (error) {
    if (!hasFailed && !isHostError(error)) throw error;
    host.events.emit({ type: 'warning', message: `cannot release a lock: ${messageOf(error)}` });
  }
}

function sessionOf<Result>(
  host: Host,
  operation: Operation<Result>,
  options: OperationOptions,
  signal: AbortSignal,
): Session {
  return {
    host: guardHost(host, signal),
    signal,
    workspace: newWorkspace(host.random, operation.directory, operation.subject),
    limits: operation.limits,
    progress: options.onProgress ?? (() => {}),
    async withSlot(act) {
      if (operation.slots === 0) return act();
      const giveBack = await host.locks.slot('disk operations', operation.slots, signal);
      try {
        return await act();
      } finally {
        giveBack();
      }
    },
  };
}

async function carryOut<Result>(
  host: Host,
  session: Session,
  operation: Operation<Result>,
  lock: Lock,
): Promise<Result> {
  const prepared = await operation.prepare(session);
  if (prepared.steps.length === 0) return prepared.result(session);
  let isBegun = false;
  try {
    await makeWorkspace(session.host.filesystem, session.workspace);
    isBegun = true;
    // Whoever takes the lock from here on finds the workspace. Who took it before, while this process stood still, may
    // have changed all that was found out.
    await lock.verify();
    for (const step of prepared.steps) {
      host.events.emit({ type: 'step', operation: operation.name, description: step.description });
      await step.run(session);
    }
  } catch (error) {
    return settle(host, session, operation, { error, prepared, isBegun, lock });
  }
  // Done and durable: what is left of the workspace matters to nobody, and the next operation removes it.
  await host.filesystem.removeTree(session.workspace.path).catch((error: unknown) => {
    host.events.emit({ type: 'warning', message: `cannot clear up: ${messageOf(error)}` });
  });
  return prepared.result(session);
}

interface Failed<Result> {
  readonly error: unknown;
  readonly prepared: Prepared<Result>;
  readonly isBegun: boolean;
  readonly lock: Lock;
}

/**
 * After a failure: what was begun is finished or undone, by whoever has the workspace. A tool that was killed may have
 * done its work all the same; then, and only then, the operation succeeds after all.
 */
async function settle<Result>(
  host: Host,
  session: Session,
  operation: Operation<Result>,
  { error, prepared, isBegun, lock }: Failed<Result>,
): Promise<Result> {
  const { workspace } = session;
  const failure = toPlatterError(error, actionOf(operation));
  if (isBegun && (await isTakenOver(host.filesystem, workspace))) {
    throw leftTo(takenOver(failure), { undo: 'taken over' });
  }
  const explained = isMissing(failure, areaPath(workspace.directory))
    ? takenOver(failure)
    : failure;
  const unguarded: Session = { ...session, host };
  let outcome: Outcome = 'undone';
  try {
    if (isBegun) outcome = await recoverWorkspace(unguarded, operation, workspace);
    else await clearAway(host.filesystem, workspace);
  } catch (undoError) {
    const undo = { undo: 'failed', undoError: String(undoError), workspace: workspace.path };
    throw leftTo(withoutOutcome(explained), undo);
  }
  // Whoever has the lock by now may have finished it while this process stood still.
  if (outcome === 'undone' && isBegun && (await isLost(lock))) {
    throw leftTo(takenOver(failure), { undo: 'taken over' });
  }
  if (outcome === 'finished' && PlatterError.is(failure) && failure.code === 'TIMED_OUT') {
    return prepared.result(unguarded);
  }
  if (!PlatterError.is(explained)) throw explained;
  // What a server has not told nobody can tell by what was found to be undone.
  const isUnknown = explained.code === 'OUTCOME_UNKNOWN' && outcome === 'undone';
  throw isUnknown ? explained : explained.with({ undo: outcome });
}

function isLost(lock: Lock): Promise<boolean> {
  return lock.verify().then(
    () => false,
    () => true,
  );
}

/** What was told to be finished is not, where a part of it is still to be done: a disk is gone, and not wiped yet. */
function withoutOutcome(failure: Error): Error {
  if (!PlatterError.is(failure) || !('undo' in failure.details)) return failure;
  const { code, message, hint, details } = failure;
  const { undo: _, ...others } = details;
  return new PlatterError(code, message, { details: others, hint, cause: failure });
}

/** What platter itself had put into the area a moment before, such as the record it went by. */
function isMissing(failure: Error, area: string): boolean {
  if (!PlatterError.is(failure) || failure.details['errno'] !== 'ENOENT') return false;
  return String(failure.details['path']).startsWith(`${area}/`);
}

/** That, and not the path that is missing because of it, is what went wrong. */
function takenOver(failure: Error): Error {
  if (!PlatterError.is(failure) || failure.code !== 'NOT_FOUND') return failure;
  return new PlatterError('LOCKED', 'somebody else took over while this process stood still', {
    hint: 'try again',
    cause: failure,
  });
}

/** For what is left to somebody: whether a tool that timed out has acted, nobody knows then. */
function leftTo(failure: Error, details: Record<string, unknown>): Error {
  if (!PlatterError.is(failure)) return failure;
  if (failure.code !== 'TIMED_OUT') return failure.with(details);
  return new PlatterError('OUTCOME_UNKNOWN', failure.message, {
    details: { ...failure.details, ...details },
    hint: 'platter recover finishes or undoes it',
    cause: failure,
  });
}

/** One signal for several, which always gives a PlatterError as its reason; listeners are taken off again, for callers' signals live long. */
function stopSignal(sources: readonly (AbortSignal | undefined)[]) {
  const controller = new AbortController();
  const abort = (event: Event) => controller.abort(canceled((event.target as AbortSignal).reason));
  for (const source of sources) {
    if (source?.aborted === true) controller.abort(canceled(source.reason));
    source?.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    dispose: () => sources.forEach((source) => source?.removeEventListener('abort', abort)),
  };
}
