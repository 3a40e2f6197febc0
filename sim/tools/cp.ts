/**
 * The simulated cp of coreutils 9.1, for one file. Recorded in fixtures/coreutils-9.1: a copy that fails or is killed
 * leaves what was copied until then, which is shorter; blocks of zeros become holes; the target is not synced.
 */
import { dug, emptyContent } from '../volume/content.ts';
import { asRaw } from './qemu-img/image.ts';
import { errnoText, failure, success, type ToolProgram } from './program.ts';
import type { FileContent } from '../volume/file-content.ts';

const bytesPerMs = 2 ** 20;

export const cp: ToolProgram = function* cp({ volume }, args) {
  const [source = '', target = ''] = args.filter((arg) => !arg.startsWith('-'));
  yield { name: 'open source', subject: source };
  const from = volume.peek(source);
  if (from === undefined) {
    return failure(`cp: cannot stat '${source}': No such file or directory`);
  }
  const content = volume.content(from);
  const takesMs = 5 + volume.allocatedBytes(from) / bytesPerMs;
  try {
    yield { name: 'create target', subject: target };
    const inode = volume.peek(target) ?? volume.create(target, 'file', from.mode, emptyContent);
    volume.setContent(inode, emptyContent, target);
    yield { name: 'copy first half', subject: target, takesMs: takesMs / 2 };
    volume.setContent(inode, firstHalf(content), target);
    yield { name: 'copy second half', subject: target, takesMs: takesMs / 2 };
    const whole = volume.content(from);
    volume.setContent(inode, whole.kind === 'raw' ? dug(whole) : whole, target);
    return success();
  } catch (error) {
    return failure(`cp: error writing '${target}': ${errnoText(error)}`);
  }
};

function firstHalf(content: FileContent): FileContent {
  if (content.kind === 'qcow2') return { ...content, damage: 'torn' };
  const raw = asRaw(content);
  const extents = raw.extents.slice(0, raw.extents.length / 2);
  const last = extents.at(-1);
  return { kind: 'raw', sizeBytes: last === undefined ? 0 : last.at + last.length, extents };
}
