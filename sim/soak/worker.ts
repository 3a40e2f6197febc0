/** What runs in a worker thread: shards, or the shrinking of a failure, one after another. */
import { parentPort } from 'node:worker_threads';
import type { FailureFile } from '../failures/failure-file.ts';
import { shrink } from '../failures/shrink.ts';
import { runShard, type ShardOrder, type ShardResult } from './shard.ts';

// Simulated errors are made by the million, and nobody reads where.
Error.stackTraceLimit = 0;

/** What a worker can be asked for. */
export type Order = { readonly shard: ShardOrder } | { readonly shrink: FailureFile };

async function answer(order: Order): Promise<ShardResult | FailureFile> {
  return 'shard' in order ? runShard(order.shard) : (await shrink(order.shrink)).failure;
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
