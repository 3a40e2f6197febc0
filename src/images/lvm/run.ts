/**
 * Changes volumes. Every change is a script in the operation's workspace, so that one whose operation was taken over
 * meanwhile is not found by LVM: nothing happens that nobody waits for any more.
 */
import type { Session } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import { activate, lvmScript, lvmScriptText, makeNode } from '../../tools/lvm/argv.ts';
import { classifyLvmFailure } from '../../tools/lvm/errors.ts';
import { runTool } from '../../tools/run.ts';
import { exists } from '../../workspace/once.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { devicePath } from './names.ts';
import { limitsOf, type Place } from './place.ts';

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
    ...limitsOf(config),
  });
  return stdout;
}

/**
 * Runs `before`, and makes the volume active, for somebody who died may have left it suspended, or active but without its
 * node: afterwards it has both.
 */
export async function activateVolume(
  place: Place,
  session: Pick<Session, 'host'>,
  workspace: Workspace,
  name: string,
  {
    action = 'activate the disk',
    before = [],
  }: { action?: string; before?: readonly Command[] } = {},
): Promise<void> {
  const { group } = place;
  const change = (commands: readonly Command[]) =>
    changeVolumes(place, session, workspace, { action, commands });
  await change([...before, activate(group, name)]);
  const { filesystem } = session.host;
  if (!(await exists(filesystem, devicePath(group, name)))) await change([makeNode(group, name)]);
}

/** Of a step, for people. */
export function commandLines(commands: readonly Command[]): string {
  return commands.map(({ file, args }) => [file, ...args].join(' ')).join('; ');
}
