/** Limits a command with prlimit (util-linux 2.38), which replaces itself by the command: still one process. Pure. */
import type { Command } from '../../ports/executor.ts';

export interface ResourceLimits {
  readonly cpuSeconds?: number;
  readonly addressSpaceBytes?: number;
  /** Largest file that the command may write. */
  readonly fileSizeBytes?: number;
}

export function withLimits(command: Command, limits: ResourceLimits): Command {
  const options = [
    ['--cpu', limits.cpuSeconds],
    ['--as', limits.addressSpaceBytes],
    ['--fsize', limits.fileSizeBytes],
  ] as const;
  return {
    file: 'prlimit',
    args: [
      ...options.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
      command.file,
      ...command.args,
    ],
  };
}
