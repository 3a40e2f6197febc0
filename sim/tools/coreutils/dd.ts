/**
 * `dd` of coreutils 9.1 between files and devices: `if`, `of`, `bs`, `count`, `seek`, `skip`, `conv`, `oflag`. A target
 * that is not there becomes a file, also below /dev. Zeros are written like anything else unless `conv=sparse`.
 */
import { emptyContent, slice, splice } from '../../volume/content.ts';
import type { RawContent } from '../../volume/content.ts';
import { awaitDevice, holdOpen } from '../block-device.ts';
import { errnoText, failure, success, type ToolProgram } from '../program.ts';
import { asRaw } from '../qemu-img/image.ts';

const bytesPerMs = 2 ** 20;
const suffixes: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

export const dd: ToolProgram = function* dd(context, args) {
  const { volume } = context;
  const operands = new Map(args.map((arg) => arg.split(/=(.*)/s).slice(0, 2) as [string, string]));
  const source = operands.get('if') ?? '';
  const path = operands.get('of') ?? '';
  const blockBytes = sizeOf(operands.get('bs') ?? '512');
  const count = operands.get('count');
  const conversions = (operands.get('conv') ?? '').split(',');
  yield { name: 'open source', subject: source };
  const from = volume.peek(source);
  const isZero = source === '/dev/zero';
  if (from === undefined && !isZero) {
    return failure(`dd: failed to open '${source}': No such file or directory`);
  }
  yield { name: 'open target', subject: path };
  try {
    const target = volume.peek(path) ?? volume.create(path, 'file', 0o644, emptyContent);
    holdOpen(context, target);
    const start = Number(operands.get('seek') ?? 0) * blockBytes;
    const present = asRaw(volume.content(target)).sizeBytes;
    const wanted = count === undefined ? Infinity : Number(count) * blockBytes;
    const read = (): RawContent => {
      if (from === undefined) {
        return { kind: 'raw', sizeBytes: Math.min(wanted, present - start), extents: [] };
      }
      const whole = asRaw(volume.content(from));
      const skipped = Number(operands.get('skip') ?? 0) * blockBytes;
      return slice(whole, skipped, Math.min(whole.sizeBytes, skipped + wanted));
    };
    const takesMs = 5 + read().sizeBytes / bytesPerMs;
    for (const part of ['first', 'second'] as const) {
      yield { name: `copy ${part} half`, subject: path, takesMs: takesMs / 2 };
      yield* awaitDevice(target);
      const data = read();
      const length = part === 'first' ? Math.floor(data.sizeBytes / 1024) * 512 : data.sizeBytes;
      const content = splice(asRaw(volume.content(target)), start, slice(data, 0, length));
      if (target.device !== undefined && content.sizeBytes > present) {
        return failure(`dd: error writing '${path}': No space left on device`);
      }
      volume.setContent(target, content, path);
    }
    if (conversions.includes('fsync') || conversions.includes('fdatasync')) volume.sync(target);
    return success();
  } catch (error) {
    return failure(`dd: error writing '${path}': ${errnoText(error)}`);
  }
};

function sizeOf(text: string): number {
  const match = /^(\d+)([KMG])?$/.exec(text);
  return Number(match?.[1] ?? 512) * (suffixes[match?.[2] ?? ''] ?? 1);
}
