/** `shred` of coreutils 9.1 on devices: `-n` passes of random bytes, then with `-z` one of zeros; each is synced. */
import { clear, write } from '../../volume/content.ts';
import { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { fileBytes } from '../../volume/file-content.ts';
import type { Inode } from '../../volume/inode.ts';
import { awaitDevice, holdOpen, noSuchFile } from '../block-device.ts';
import {
  errnoText,
  failure,
  success,
  type ToolContext,
  type ToolProgram,
  type ToolStep,
} from '../program.ts';
import { asRaw } from '../qemu-img/image.ts';

const bytesPerMs = 2 ** 20;

export const shred: ToolProgram = function* shred(context, args) {
  const { volume } = context;
  const path = args.at(-1) ?? '';
  const passes = Number(/^-n(\d+)$/.exec(args.find((arg) => /^-n\d/.test(arg)) ?? '')?.[1] ?? 3);
  yield { name: 'open device', subject: path };
  const inode = volume.peek(path);
  if (inode === undefined) return noSuchFile('shred', path, 'failed to open for writing:');
  holdOpen(context, inode);
  const sizeText = args.find((arg) => arg.startsWith('-s'))?.slice(2);
  const present = fileBytes(volume.content(inode));
  const length = Math.min(present, sizeText === undefined ? present : Number(sizeText));
  try {
    for (let pass = 0; pass < passes; pass += 1) {
      yield* overwrite(context, { path, inode, length, isZero: false });
    }
    if (args.includes('-z')) yield* overwrite(context, { path, inode, length, isZero: true });
  } catch (error) {
    return failure(`shred: ${path}: error writing at offset 0: ${errnoText(error)}`);
  }
  if (sizeText !== undefined && Number(sizeText) > present) {
    return failure(`shred: ${path}: error writing at offset ${present}: No space left on device`);
  }
  return success();
};

interface Pass {
  readonly path: string;
  readonly inode: Inode;
  readonly length: number;
  readonly isZero: boolean;
}

function* overwrite(
  { volume }: ToolContext,
  { path, inode, length, isZero }: Pass,
): Generator<ToolStep, void, void> {
  const half = Math.floor(length / 2);
  const takesMs = length / bytesPerMs / 2;
  for (const [start, end] of [
    [0, half],
    [half, length],
  ] as const) {
    yield {
      name: start === 0 ? 'overwrite first half' : 'overwrite second half',
      subject: path,
      takesMs,
    };
    yield* awaitDevice(inode);
    const content = asRaw(volume.content(inode));
    const overwritten = isZero
      ? clear(content, start, end)
      : write(content, start, { length: end - start, source: 9999, from: start });
    // A pool gives blocks for zeros too.
    if (inode.device instanceof LogicalVolume) {
      inode.device.write(overwritten, [{ at: start, length: end - start }]);
    } else {
      volume.setContent(inode, overwritten, path);
    }
  }
  volume.sync(inode);
}
