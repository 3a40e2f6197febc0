/** The real host, with a directory of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { nodeHost } from '../../src/adapters/node-host.ts';
import type { LockRequest } from '../../src/ports/locks.ts';
import type { MakeWorld } from '../contract/world.ts';

/** A process of its own, which needs no build. */
async function dieHolding({ directory, name }: LockRequest): Promise<void> {
  const script = `
    import { nodeHost } from './src/adapters/node-host.ts';
    const request = { directory: '${directory}', name: '${name}', operation: 'die', waitMs: 0 };
    await nodeHost().locks.acquire(request);
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn('node', ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error('the process that was to die ended otherwise');
}

/** `parent` chooses the filesystem. */
export function realWorld(parent = tmpdir()): MakeWorld {
  return async () => {
    const directory = await mkdtemp(`${parent}/platter-test-`);
    return {
      host: nodeHost(),
      directory,
      // Two hosts of one process share nothing but the files, as two processes do.
      otherProcess: () => Promise.resolve(nodeHost()),
      slowCommand: () => Promise.resolve({ file: 'sleep', args: ['60'] }),
      dieHolding,
      async stealLock({ directory: locks, name }) {
        await rm(`${locks}/platter-${name}.owner`, { recursive: true });
        await rm(`${locks}/platter-${name}.lock`, { recursive: true });
      },
      dispose: () => rm(directory, { recursive: true, force: true }),
    };
  };
}
