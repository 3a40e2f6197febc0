/** What runs in a worker thread: shards, cases of a sweep, or the shrinking of a failure, one after another. */
import { parentPort } from 'node:worker_threads';
import type { FailureFile } from '../failures/failure-file.ts';
import { shrink } from '../failures/shrink.ts';
import { sweepOne, type SweepOrder } from '../sweep/sweep.ts';
import type { SweptCase } from '../sweep/sweep-case.ts';
import { runShard, type ShardOrder, type ShardResult } from './shard.ts';

// Simulated errors are made by the million, and nobody reads where.
Error.stackTraceLimit = 0;

/** What a worker can be asked for. */
export type Order =
  | { readonly shard: ShardOrder }
  | { readonly sweep: SweepOrder }
  | { readonly shrink: FailureFile };

async function answer(order: Order): Promise<ShardResult | SweptCase | FailureFile> {
  if ('shard' in order) return runShard(order.shard);
  return 'sweep' in order ? sweepOne(order.sweep) : (await shrink(order.shrink)).failure;
}

parentPort?.on('message', (order: Order) => {
  void answer(order).then(
    (result) => parentPort?.postMessage(result),
    (error: unknown) => {
      // A bug of the simulator: the worker ends with it.
      setImmediate(() => {
        throw error;
      });
    },
  );
});
