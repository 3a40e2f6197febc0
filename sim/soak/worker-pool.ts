/** Worker threads that run scenarios: all cores work, and the answers come in the order of the orders. */
import { Worker } from 'node:worker_threads';
import type { FailureFile } from '../failures/failure-file.ts';
import type { ShardOrder, ShardResult } from './shard.ts';
import type { SweepOrder } from '../sweep/sweep.ts';
import type { SweptCase } from '../sweep/sweep-case.ts';
import type { Order } from './worker.ts';

export interface WorkerPool {
  /** Runs the next shard on whichever worker is free; undefined when `next` has no more. */
  runAll(
    next: () => ShardOrder | undefined,
    onResult: (result: ShardResult) => void,
  ): Promise<void>;
  /** Sweeps one case after another on whichever worker is free. */
  sweepAll(
    next: () => SweepOrder | undefined,
    onResult: (result: SweptCase) => void,
  ): Promise<void>;
  /** Makes a failure small, with the program that the workers run. */
  shrink(failure: FailureFile): Promise<FailureFile>;
  /** What happens in it, with the program that the workers run. */
  explain(failure: FailureFile): Promise<string>;
  close(): Promise<void>;
}

/** What a scenario leaves is dead when the next begins: the larger the nursery, the less of it is ever looked at. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** `program` is the compiled `soak/worker.js`; by default the one beside this file. */
export function workerPool(
  size: number,
  program: URL = new URL('./worker.js', import.meta.url),
): WorkerPool {
  const workers = Array.from({ length: size }, () => new Worker(program, { resourceLimits }));
  return {
    runAll: (next, onResult) => askAll(workers, next, (shard) => ({ shard }), onResult),
    sweepAll: (next, onResult) => askAll(workers, next, (sweep) => ({ sweep }), onResult),
    shrink: (failure) => ask(firstOf(workers), { shrink: failure }),
    explain: (failure) => ask(firstOf(workers), { explain: failure }),
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function firstOf([worker]: readonly Worker[]): Worker {
  if (worker === undefined) throw new RangeError('a pool without workers');
  return worker;
}

/** The answers in the order of the orders, whichever worker is the fastest. */
async function askAll<Wanted, Answer>(
  workers: readonly Worker[],
  next: () => Wanted | undefined,
  orderOf: (wanted: Wanted) => Order,
  onResult: (result: Answer) => void,
): Promise<void> {
  const results = new InOrder(onResult);
  await Promise.all(
    workers.map(async (worker) => {
      for (let wanted = next(); wanted !== undefined; wanted = next()) {
        const place = results.reserve();
        results.put(place, await ask<Answer>(worker, orderOf(wanted)));
      }
    }),
  );
}

function ask<Answer>(worker: Worker, order: Order): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.off('message', onMessage);
      worker.off('error', onError);
    };
    const onMessage = (result: Answer) => {
      settle();
      resolve(result);
    };
    const onError = (error: Error) => {
      settle();
      reject(error);
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.postMessage(order);
  });
}

/** Hands results on in the order in which their places were reserved. */
class InOrder<Result> {
  readonly #hand: (result: Result) => void;
  readonly #waiting = new Map<number, Result>();
  #reserved = 0;
  #handed = 0;

  constructor(hand: (result: Result) => void) {
    this.#hand = hand;
  }

  reserve(): number {
    return this.#reserved++;
  }

  put(place: number, result: Result): void {
    this.#waiting.set(place, result);
    for (;;) {
      const next = this.#waiting.get(this.#handed);
      if (next === undefined) return;
      this.#waiting.delete(this.#handed);
      this.#handed += 1;
      this.#hand(next);
    }
  }
}
