/** Runs qemu-img inside an operation: progress shown, slots respected, failures classified. */
import type { Config } from '../config/config.ts';
import { contain, copyingLimits } from '../ingress/containment.ts';
import { PlatterError } from '../errors.ts';
import type { ProvenImage } from '../ingress/proven.ts';
import type { Command } from '../ports/executor.ts';
import { qemuImgConvert, type ConvertOptions } from '../tools/qemu-img/argv.ts';
import { classifyQemuImgFailure, hasQemuImgSucceeded } from '../tools/qemu-img/errors.ts';
import { parseQemuImgProgress } from '../tools/qemu-img/output.ts';
import { runTool } from '../tools/run.ts';
import { withLimits } from '../tools/util-linux/prlimit.ts';
import type { Session } from './step.ts';

export interface QemuImgRun {
  /** Completes "cannot …". */
  readonly action: string;
  /**
   * `private`: works on private files, so that it may be killed at any time. `in place`: changes a disk, so that it is
   * left to finish when the caller cancels.
   */
  readonly effect: 'private' | 'in place';
  /** Default: the limit of tools that do not copy. */
  readonly timeoutMs?: number | undefined;
}

export async function runQemuImg(
  session: Session,
  command: Command,
  { action, effect, timeoutMs }: QemuImgRun,
): Promise<void> {
  await runTool(session.host.executor, command, {
    action,
    classify: classifyQemuImgFailure,
    succeeds: hasQemuImgSucceeded,
    signal: effect === 'private' ? session.signal : undefined,
    timeoutMs: timeoutMs ?? session.limits.toolTimeoutSeconds * 1000,
    onLine(line) {
      const percent = parseQemuImgProgress(line);
      if (percent !== undefined) session.progress({ phase: action, done: percent, total: 100 });
    },
  }).catch((error: unknown) => {
    throw isBeyondFormat(error) ? tooLarge(error, action) : error;
  });
}

/** No other argument comes from outside: what qemu-img finds wrong with one is the size. */
function isBeyondFormat(error: unknown): error is PlatterError {
  return PlatterError.is(error) && error.code === 'INVALID_ARGUMENT';
}

function tooLarge({ code, details }: PlatterError, action: string): PlatterError {
  return new PlatterError(code, `cannot ${action}: the size is too large for its format`, {
    details,
    hint: 'ask for less; qcow2 holds 2 PiB with its usual clusters of 64 KiB',
  });
}

/**
 * Copies an image into a private file. What came from outside is read by a contained tool, under limits that grow with
 * its size; what platter made itself is read under a limit on memory alone.
 */
export async function convertImage(
  session: Session,
  options: ConvertOptions,
  limits: Config['limits'],
): Promise<void> {
  const { source, target, backing } = options;
  const { timeoutMs, ...held } = copyingLimits(limits, source.virtualSizeBytes);
  const run = { action: 'convert the image', effect: 'private' } as const;
  await session.withSlot(async () => {
    if (!source.isFromOutside) {
      const memory = { addressSpaceBytes: limits.toolMemoryBytes };
      const command = withLimits(qemuImgConvert(options), memory);
      return runQemuImg(session, command, { ...run, timeoutMs });
    }
    const behind = [source.behind, backing?.path].filter((path) => path !== undefined);
    const files = { reads: [source.path, ...new Set(behind)], writes: [target] };
    const fileSizeBytes = (await sizeBefore(session, options)) + held.fileSizeBytes;
    const command = await contain(session.host, qemuImgConvert(options), files, {
      ...held,
      fileSizeBytes,
    });
    return runQemuImg(session, command, { ...run, timeoutMs });
  });
}

/**
 * Changes a file whose tables came from outside, or those of what is opened with it: by a contained tool, under limits that
 * grow with its size.
 */
export async function changeContained(
  session: Session,
  command: Command,
  { path, behind, virtualSizeBytes }: ProvenImage,
  run: Omit<QemuImgRun, 'timeoutMs'>,
): Promise<void> {
  const { host, limits } = session;
  const { timeoutMs, ...held } = copyingLimits(limits, virtualSizeBytes);
  const { sizeBytes: before } = await host.filesystem.stat(path);
  const files = { reads: behind === undefined ? [] : [behind], writes: [path] };
  const fileSizeBytes = before + held.fileSizeBytes;
  const contained = await contain(host, command, files, { ...held, fileSizeBytes });
  return runQemuImg(session, contained, { ...run, timeoutMs });
}

/** What is in the target already, such as its snapshots, stays there. */
async function sizeBefore(
  { host: { filesystem } }: Session,
  { target, intoExisting = false }: ConvertOptions,
): Promise<number> {
  return intoExisting ? (await filesystem.stat(target)).sizeBytes : 0;
}
