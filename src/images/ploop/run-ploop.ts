/**
 * Runs ploop on the images of one directory, of which some may have the tables of a stranger: disks in ploop's expanded format
 * come from elsewhere. It sees that directory, its own lock of the host, and which devices there are, and nothing else.
 * It ends with its caller, also where no sandbox sees to that: a machine that mounts the disk meanwhile would not find out
 * that a ploop works on other names of its images.
 */
import { contain, copyingLimits } from '../../ingress/containment.ts';
import { isHostError } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import type { Command, RunResult } from '../../ports/executor.ts';
import { classifyPloopFailure } from '../../tools/ploop/errors.ts';
import { runTool } from '../../tools/run.ts';
import { endingWithCaller } from '../../tools/util-linux/setpriv.ts';
import { listDirectory } from '../../workspace/area.ts';
import { makeOwnDirectory } from '../../workspace/once.ts';

export interface PloopRun {
  /** Completes "cannot …". */
  readonly action: string;
  /** Of the disk, or of what it becomes. */
  readonly sizeBytes: number;
  readonly signal?: AbortSignal;
  readonly succeeds?: (result: RunResult) => boolean;
}

/** Work may be large: a merge copies, and growth allocates. */
const timeoutMs = 6 * 3600 * 1000;

/** Where every ploop of a host has its lock; ploop makes it itself, where it can. */
const locks = '/var/lock/ploop';

export async function runPloop(
  session: Session,
  directory: string,
  command: Command,
  { sizeBytes, ...run }: PloopRun,
): Promise<void> {
  const { host, limits } = session;
  await makeOwnDirectory(host.filesystem, locks).catch((error: unknown) => {
    if (!isHostError(error)) throw error;
  });
  const files = { reads: [], writes: [], directories: [directory, locks], kernel: ['/sys'] };
  const held = copyingLimits(limits, Math.max(sizeBytes, await largestFile(session, directory)));
  const contained = await contain(host, endingWithCaller(command), files, held);
  await runTool(host.executor, contained, { ...run, classify: classifyPloopFailure, timeoutMs });
}

/** A disk that was brought back to a smaller one has images that are larger than it is. */
async function largestFile({ host: { filesystem } }: Session, directory: string): Promise<number> {
  let largest = 0;
  for (const { name } of await listDirectory(filesystem, directory)) {
    largest = Math.max(largest, (await filesystem.stat(`${directory}/${name}`)).sizeBytes);
  }
  return largest;
}
