/**
 * How tools are held that read a file from outside: the one place that decides it.
 *
 * Where the host has bubblewrap and it can run, the tool sees that file and the one that it writes, and nothing else: no
 * other files, no network. Where not, the limits on CPU time, memory and file size are all that holds it (they hold
 * inside a sandbox too), and `platter doctor` says so. Which of the two it is, is tried out once a process.
 */
import type { ToolLimits } from '../config/config.ts';
import { isHostError, PlatterError } from '../errors.ts';
import type { Command, RunResult } from '../ports/executor.ts';
import type { HostFacts } from '../ports/host-facts.ts';
import type { Host } from '../ports/host.ts';
import { inSandbox, isDevice, type SandboxFiles } from '../tools/bubblewrap/argv.ts';
import { withLimits, type ResourceLimits } from '../tools/util-linux/prlimit.ts';

export type Containment =
  | { readonly kind: 'sandbox' }
  /** `reason` completes "tools are held by limits alone: …". */
  | { readonly kind: 'limits'; readonly reason: string };

type ContainmentHost = Pick<Host, 'executor' | 'facts'>;

/** By the facts of the host, which all guarded copies of a host share. */
const known = new WeakMap<HostFacts, Promise<Containment>>();

/** What this host can do, tried out on the first call. Rejects when that could not be tried. */
export function containmentOf(host: ContainmentHost): Promise<Containment> {
  const earlier = known.get(host.facts);
  if (earlier !== undefined) return earlier;
  const trial = tryOut(host);
  known.set(host.facts, trial);
  // A trial that was canceled or could not be started tells nothing of the host.
  trial.catch(() => known.delete(host.facts));
  return trial;
}

const trialTimeoutMs = 10_000;

async function tryOut({ executor }: ContainmentHost): Promise<Containment> {
  const command = inSandbox({ file: 'qemu-img', args: ['--version'] }, { reads: [], writes: [] });
  let result: RunResult;
  try {
    result = await executor.run(command, { timeoutMs: trialTimeoutMs });
  } catch (error) {
    const isAbsent =
      PlatterError.is(error) &&
      (error.code === 'TOOL_MISSING' || error.code === 'PERMISSION_DENIED');
    if (!isAbsent) throw error;
    return { kind: 'limits', reason: 'bubblewrap (bwrap) is not installed' };
  }
  if (result.exitCode === 0) return { kind: 'sandbox' };
  const said = result.stderr.trim().split('\n').at(-1) ?? '';
  const reason = result.killed === 'timeout' ? 'bwrap does not end' : said;
  return { kind: 'limits', reason: reason === '' ? 'bwrap cannot run here' : reason };
}

/** Limits of a tool that only looks: it writes nothing at all. */
export function readingLimits(limits: ToolLimits): ResourceLimits {
  return {
    cpuSeconds: limits.toolCpuSeconds,
    addressSpaceBytes: limits.toolMemoryBytes,
    fileSizeBytes: 0,
  };
}

/** Slower than this, and nobody would wait for it. */
const slowestBytesPerSecond = 1024 * 1024;
/** Decompression on one slow core. */
const slowestBytesPerCpuSecond = 8 * 1024 * 1024;
const metadataBytes = 64 * 1024 * 1024;
/** Tables of qcow2 with clusters of 512 bytes, the smallest there are, take 1/51 of what they describe. */
const metadataShare = 32;

/** Limits of a tool that copies an image of this size. */
export function copyingLimits(
  limits: ToolLimits,
  virtualSizeBytes: number,
): Required<ResourceLimits> & { readonly timeoutMs: number } {
  const share = (rate: number) => Math.ceil(virtualSizeBytes / rate);
  return {
    cpuSeconds: limits.toolCpuSeconds + share(slowestBytesPerCpuSecond),
    addressSpaceBytes: limits.toolMemoryBytes,
    fileSizeBytes: virtualSizeBytes + share(metadataShare) + metadataBytes,
    timeoutMs: copyingTimeoutMs(limits, virtualSizeBytes),
  };
}

/** How long a tool may take that copies so much. */
export function copyingTimeoutMs({ toolTimeoutSeconds }: ToolLimits, bytes: number): number {
  return (toolTimeoutSeconds + Math.ceil(bytes / slowestBytesPerSecond)) * 1000;
}

/**
 * The command, held as well as this host can. `writes` have to exist already: what a sandbox shows are files, and
 * directories only where they are named as such. What goes to a cluster goes by a file: nothing contained has a network.
 */
export async function contain(
  host: ContainmentHost & Pick<Host, 'filesystem'>,
  command: Command,
  files: SandboxFiles,
  limits: ResourceLimits,
): Promise<Command> {
  if ((await containmentOf(host)).kind === 'limits') return withLimits(command, limits);
  for (const path of files.writes.filter((target) => !isDevice(target))) {
    await makeIfMissing(host, path);
  }
  return withLimits(inSandbox(command, files), limits);
}

async function makeIfMissing({ filesystem }: Pick<Host, 'filesystem'>, path: string) {
  await filesystem.createText(path, '', { isDurable: false }).catch((error: unknown) => {
    if (!isHostError(error, 'EEXIST')) throw error;
  });
}
