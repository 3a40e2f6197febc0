/**
 * The real tools that make images and read them. qemu-img reads hostile files here: always under
 * limits.
 */
import { execFileSync, spawnSync } from 'node:child_process';

export function run(program: string, ...args: string[]): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      return;
    } catch (error) {
      if (attempt === attemptsMost || !isUnmeasurable(error)) throw error;
    }
  }
}

const attemptsMost = 10;

/** On a busy machine qemu-img cannot tell how fast it derives keys for LUKS, and gives up. */
function isUnmeasurable(error: unknown): boolean {
  const { stderr } = error as { stderr?: Buffer };
  return stderr?.includes('Unable to get accurate CPU usage') === true;
}

/** What `qemu-img info` says, as far as it is compared. */
interface ToolReading {
  readonly format: string;
  readonly virtualSizeBytes: number;
  /** Files that it would open besides the image. */
  readonly references: readonly string[];
}

interface InfoJson {
  readonly filename: string;
  readonly format: string;
  readonly 'virtual-size': number;
  readonly 'backing-filename'?: string;
  readonly 'full-backing-filename'?: string;
  readonly 'format-specific'?: {
    readonly data?: {
      readonly 'data-file'?: string;
      readonly extents?: readonly { readonly filename: string }[];
    };
  };
}

/** `killed`: by a crash of its own or by the limits. */
export type ToolOutcome = ToolReading | 'refused' | 'killed';

/** A list of snapshots alone can be of megabytes. */
const outputBytesMost = 64 * 1024 ** 2;
/** Of util-linux, which every Debian has. */
const limiter = 'prlimit';
const memoryBytes = 4 * 1024 ** 3;
const cpuSeconds = 20;

/** The reading of qemu-img, with the format named or probed. */
export function readByTool(path: string, format?: string): ToolOutcome {
  const formatArgs = format === undefined ? [] : ['-f', format];
  const result = spawnSync(
    limiter,
    [
      `--as=${memoryBytes}`,
      `--cpu=${cpuSeconds}`,
      'qemu-img',
      'info',
      '--output=json',
      ...formatArgs,
      path,
    ],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: outputBytesMost,
      env: { ...process.env, LC_ALL: 'C' },
    },
  );
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) return result.signal === null ? 'refused' : 'killed';
  const info = JSON.parse(result.stdout) as InfoJson;
  const specific = info['format-specific']?.data;
  const references = [
    info['backing-filename'],
    info['full-backing-filename'],
    specific?.['data-file'],
    ...(specific?.extents ?? []).map(({ filename }) => filename).filter((name) => name !== path),
  ].filter((name) => name !== undefined);
  return { format: info.format, virtualSizeBytes: info['virtual-size'], references };
}
