/** What runs in a worker thread: shards, cases of a sweep, the shrinking of a failure or its telling, one after another. */
import { parentPort } from 'node:worker_threads';
import { explainAsText } from '../failures/explain.ts';
import type { FailureFile } from '../failures/failure-file.ts';
import { shrink } from '../failures/shrink.ts';
import { timelineOf } from '../failures/timeline.ts';
import { sweepOne, type SweepOrder } from '../sweep/sweep.ts';
import type { SweptCase } from '../sweep/sweep-case.ts';
import { runShard, type ShardOrder, type ShardResult } from './shard.ts';

// Simulated errors are made by the million, and nobody reads where.
Error.stackTraceLimit = 0;

/** What a worker can be asked for. */
export type Order =
  | { readonly shard: ShardOrder }
  | { readonly sweep: SweepOrder }
  | { readonly shrink: FailureFile }
  | { readonly explain: FailureFile };

async function answer(order: Order): Promise<ShardResult | SweptCase | FailureFile | string> {
  if ('shard' in order) return runShard(order.shard);
  if ('sweep' in order) return sweepOne(order.sweep);
  if ('shrink' in order) return (await shrink(order.shrink)).failure;
  const { explain } = order;
  return explainAsText(explain, await timelineOf(explain, { isWhole: false }));
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
