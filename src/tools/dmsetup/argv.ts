/** Command lines of dmsetup 1.02, of the device-mapper that is under LVM and cryptsetup. Pure. */
import type { Command } from '../../ports/executor.ts';

/** What the device leans on. */
export function dmsetupDeps(name: string): Command {
  return { file: 'dmsetup', args: ['deps', '-o', 'devname', name] };
}

/** Its UUID, and whether it has a table. */
export function dmsetupInfo(name: string): Command {
  return {
    file: 'dmsetup',
    args: ['info', '-c', '--noheadings', '-o', 'uuid,tables_loaded', name],
  };
}

/** Also one without a table. Refused after five seconds in which somebody had it open. */
export function dmsetupRemove(name: string): Command {
  return { file: 'dmsetup', args: ['remove', '--retry', name] };
}

/** Its node, where there is none or another's. */
export function dmsetupMakeNode(name: string): Command {
  return { file: 'dmsetup', args: ['mknodes', name] };
}
