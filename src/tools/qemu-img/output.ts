/** Parsers of what qemu-img 7.2 prints. Pure. */
import { PlatterError } from '../../errors.ts';

export interface ToolImageInfo {
  readonly format: string;
  readonly virtualSizeBytes: number;
  /** What other file qemu would open together with this one. */
  readonly reference?: string;
}

/** Of `qemu-img info --output=json`. */
export function parseQemuImgInfo(stdout: string): ToolImageInfo {
  const info = parseObject(stdout, 'info');
  const format = info['format'];
  const virtualSize = info['virtual-size'];
  if (typeof format !== 'string' || typeof virtualSize !== 'number') {
    throw unreadable('info', stdout);
  }
  const reference = referenceOf(info);
  return {
    format,
    virtualSizeBytes: virtualSize,
    ...(reference === undefined ? {} : { reference }),
  };
}

/** A backing file, an external data file, or an extent that is not the file itself. */
function referenceOf(info: Record<string, unknown>): string | undefined {
  const backing = info['backing-filename'] ?? info['full-backing-filename'];
  if (backing !== undefined) return 'a backing file';
  const data = object(object(info['format-specific'])['data']);
  if (data['data-file'] !== undefined) return 'a data file';
  const extents = data['extents'];
  if (Array.isArray(extents)) {
    const foreign = extents.find((extent) => object(extent)['filename'] !== info['filename']);
    if (foreign !== undefined) return 'an extent in another file';
  }
  return undefined;
}

/** Percent done, from a line of `convert -p` or `rebase -p`: `    (12.34/100%)`. */
export function parseQemuImgProgress(line: string): number | undefined {
  const match = /\((\d+(?:\.\d+)?)\/100%\)/.exec(line);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function parseObject(stdout: string, subcommand: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(stdout);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>;
    }
  } catch {
    // Reported below, like every other output that is no object.
  }
  throw unreadable(subcommand, stdout);
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function unreadable(subcommand: string, stdout: string): PlatterError {
  return new PlatterError('TOOL_FAILED', `the output of qemu-img ${subcommand} cannot be read`, {
    details: { stdout: stdout.slice(0, 2000) },
    hint: 'qemu-img 7.2 or newer is needed',
  });
}
