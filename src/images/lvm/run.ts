/**
 * Changes volumes. Every change is a script in the operation's workspace, so that one whose operation was taken over
 * meanwhile is not found by LVM: nothing happens that nobody waits for any more.
 */
import type { Session } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import { lvmScript, lvmScriptText } from '../../tools/lvm/argv.ts';
import { classifyLvmFailure } from '../../tools/lvm/errors.ts';
import { runTool } from '../../tools/run.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { Place } from './place.ts';

export interface Change {
  /** Completes "cannot …". */
  readonly action: string;
  readonly commands: readonly Command[];
}

/**
 * Runs the commands in one process; the first that fails ends it. Left to finish when the caller cancels: LVM is not to
 * be killed half-way (killed-thin-stuck.json). Resolves to what they printed.
 */
export async function changeVolumes(
  { config }: Place,
  { host }: Pick<Session, 'host'>,
  workspace: Workspace,
  { action, commands }: Change,
): Promise<string> {
  const path = `${workspace.path}/${host.random.id()}.lvm`;
  await host.filesystem.createText(path, lvmScriptText(commands), { isDurable: false });
  const { stdout } = await runTool(host.executor, lvmScript(path), {
    action,
    classify: classifyLvmFailure,
    timeoutMs: config.limits.toolTimeoutSeconds * 1000,
  });
  return stdout;
}

/** Of a step, for people. */
export function commandLines(commands: readonly Command[]): string {
  return commands.map(({ file, args }) => [file, ...args].join(' ')).join('; ');
}
