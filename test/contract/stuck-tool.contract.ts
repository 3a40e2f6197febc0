/**
 * What the engine relies on of a tool that nothing can interrupt (state D). Runs on a filesystem that is frozen for a while,
 * and on a simulated one.
 */
import { expect, test } from 'vitest';
import type { Command } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';

export interface StuckToolWorld {
  readonly host: Host;
  /** Copies something; it is stuck for `stuckMs` where it makes the target. */
  readonly command: Command;
  readonly stuckMs: number;
  readonly target: string;
  readonly dispose: () => Promise<void>;
}

export function stuckToolContract(name: string, makeWorld: () => Promise<StuckToolWorld>): void {
  test(`a tool that cannot be killed is waited for, and dies with the effect of that step: ${name}`, async () => {
    const { host, command, stuckMs, target, dispose } = await makeWorld();
    try {
      const startedMs = host.clock.monotonicMs();
      const result = await host.executor.run(command, { timeoutMs: stuckMs / 4 });
      expect(host.clock.monotonicMs() - startedMs).toBeGreaterThan(stuckMs / 2);
      expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', killed: 'timeout' });
      expect((await host.filesystem.stat(target)).sizeBytes).toBe(0);
    } finally {
      await dispose();
    }
  });
}
