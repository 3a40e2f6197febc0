/** The real host: every port bound to the machine that this process runs on. */
import type { EventSink, PlatterEvent } from '../ports/events.ts';
import type { Executor } from '../ports/executor.ts';
import type { Host } from '../ports/host.ts';
import { execaExecutor } from './execa-executor.ts';
import { lockfileLocks } from './lockfile-locks.ts';
import { nodeClock } from './node-clock.ts';
import { nodeDigests } from './node-digests.ts';
import { nodeFilesystem } from './node-filesystem.ts';
import { nodeHostFacts } from './node-host-facts.ts';
import { nodeHttp } from './node-http.ts';
import { nodeRandom } from './node-random.ts';

export interface NodeHostOptions {
  /** Told of everything that happens. Default: nobody is. */
  readonly onEvent?: (event: PlatterEvent) => void;
}

export function nodeHost({ onEvent = () => {} }: NodeHostOptions = {}): Host {
  const events: EventSink = { emit: onEvent };
  const executor = reporting(execaExecutor(), events);
  const facts = nodeHostFacts();
  const filesystem = nodeFilesystem(executor);
  return {
    executor,
    filesystem,
    locks: lockfileLocks(facts, filesystem),
    clock: nodeClock(),
    random: nodeRandom(),
    http: nodeHttp(),
    digests: nodeDigests(),
    facts,
    events,
  };
}

/** Every tool that runs is an event. Standard input is not: it may hold secrets. */
function reporting(executor: Executor, events: EventSink): Executor {
  return {
    async run(command, options) {
      const startedAt = performance.now();
      const result = await executor.run(command, options);
      events.emit({
        type: 'command',
        argv: [command.file, ...command.args],
        exitCode: result.exitCode,
        elapsedMs: performance.now() - startedAt,
      });
      return result;
    },
  };
}
