/**
 * `rbd import` and `rbd export`. Recorded in fixtures/rbd-16.2/import-export.json and killed-steps.json: an import has
 * its name and its full size from the start; one that fails takes its image back, one that is killed leaves it.
 */
import { emptyContent, resize, type RawContent } from '../../volume/content.ts';
import { asRaw } from '../qemu-img/image.ts';
import { specOf } from '../../cluster/namespace.ts';
import { failure, success, type ToolResult } from '../program.ts';
import { anySpec, imageSpec, type RbdArguments, type Shape } from './arguments.ts';
import { addImage, createShape, creationLog, newImage } from './create.ts';
import { codeOf, errnoWords, failed, logged, refused, RbdFailure, rethrow } from './failure.ts';
import { acquireLock, openImage, requireSnapshot, type OpenImage } from './open.ts';
import {
  connect,
  findNamespace,
  progress,
  read,
  write,
  type RbdContext,
  type Session,
  type Steps,
} from './session.ts';
import { removeOpen } from './remove.ts';

const bytesPerMs = 2 ** 18;

export const importShape: Shape = {
  words: 2,
  values: [...(createShape.values ?? []), 'dest-pool', 'dest', 'sparse-size'],
};

export function* importImage(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const [path = '', word] = args.words;
  const spec = importTarget(path, word, args);
  const session = yield* connect(context, args);
  const namespace = findNamespace(session, spec);
  const content = yield* openFile(context, path);
  const image = newImage(session, namespace, content.sizeBytes, args);
  const end = progress(session, 'Importing image', true);
  try {
    yield* addImage(session, namespace, spec.image, image);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const { exitCode } = failed(code, '').result;
    const log = logged(creationLog(code, spec.image));
    throw new RbdFailure(
      exitCode,
      `rbd: image creation failed\n${end}rbd: import failed: ${errnoWords(code)}\n${log}`,
    );
  }
  const open: OpenImage = { namespace, name: spec.image, image };
  image.watchers.add(session.client);
  try {
    yield* writeContent(session, open, content);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    yield* takeBack(session, open);
    throw failed(code, 'import failed');
  }
  const deprecated = 'rbd: -p [ --pool ] is deprecated, use --dest-pool\n';
  const said = args.pool === undefined ? '' : deprecated;
  return { ...success(), stderr: `${progress(session, 'Importing image')}${said}` };
}

/** The pool is the one of the image's spec, or of `--dest-pool`, or, as it was once, of `--pool`. */
function importTarget(path: string, word: string | undefined, args: RbdArguments) {
  const name = word ?? args.values.get('dest') ?? path.split('/').at(-1);
  const pool = args.values.get('dest-pool') ?? args.pool;
  if (path.endsWith('/')) throw refused('EINVAL', `rbd: invalid spec ''`);
  try {
    return imageSpec({ ...args, pool }, name);
  } catch (error) {
    if (!(error instanceof RbdFailure)) throw error;
    const text = error.result.stderr
      .trimEnd()
      .replace('rbd: snapshot', 'rbd: destination snapshot');
    throw refused('EINVAL', text);
  }
}

function* openFile({ volume }: RbdContext, path: string): Steps<RawContent> {
  yield { name: 'open file', subject: path };
  const inode = volume.peek(path);
  if (inode === undefined) {
    throw refused(
      'ENOENT',
      `rbd: error opening ${path}`,
      'rbd: import failed: (2) No such file or directory',
    );
  }
  const content = volume.content(inode);
  // As it is, to the byte: nothing is rounded up to sectors.
  const raw = content.kind === 'raw' ? content : asRaw(content);
  if (raw.sizeBytes > 0) return raw;
  throw refused(
    'ENOTTY',
    'rbd: unable to get size of file/block device',
    'rbd: import failed: (25) Inappropriate ioctl for device',
  );
}

/** Two writes, so that half of it is told from the whole. */
function* writeContent(session: Session, open: OpenImage, content: RawContent): Steps<void> {
  const { cluster } = session;
  const { namespace, image } = open;
  const subject = specOf(namespace, open.name);
  const takesMs = 20 + dataBytes(content) / bytesPerMs / 2;
  yield* acquireLock(session, open);
  yield* write(session, namespace, { name: 'write first half', subject, takesMs }, () => {
    cluster.setContent(image, half(content));
  });
  yield* write(session, namespace, { name: 'write second half', subject, takesMs }, () => {
    cluster.setContent(image, resize(content, image.content.sizeBytes));
  });
  yield { name: 'close image', subject };
}

function half(content: RawContent): RawContent {
  return { ...content, extents: content.extents.slice(0, content.extents.length / 2) };
}

function dataBytes(content: RawContent): number {
  return content.extents.reduce((sum, { length }) => sum + length, 0);
}

/** Tries to; whether it can is not said. */
function* takeBack(session: Session, open: OpenImage): Steps<void> {
  try {
    yield* removeOpen(session, open);
  } catch (error) {
    if (codeOf(error) === undefined && !(error instanceof RbdFailure)) throw error;
  }
}

export const exportShape: Shape = { words: 2, values: ['export-format'] };

export function* exportImage(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = anySpec(args);
  const path = args.words[1] ?? spec.image;
  const session = yield* connect(context, args);
  const open = yield* openImage(session, spec, 'read');
  const snapshot = spec.snapshot === undefined ? undefined : requireSnapshot(open, spec.snapshot);
  const source = () => snapshot?.content ?? open.image.content;
  const { volume } = context;
  try {
    yield { name: 'create file', subject: path };
    const inode = volume.create(path, 'file', 0o644, emptyContent);
    const subject = specOf(open.namespace, open.name);
    const takesMs = 20 + dataBytes(source()) / bytesPerMs / 2;
    yield* read(session, { name: 'read first half', subject, takesMs }, () => {
      volume.setContent(inode, half(source()), path);
    });
    yield* read(session, { name: 'read second half', subject, takesMs }, () => {
      volume.setContent(inode, source(), path);
    });
    yield { name: 'close file', subject: path };
  } catch (error) {
    if (codeOf(error) === 'ENOSPC') {
      const bar = progress(session, 'Exporting image', true);
      return failure(`${bar}rbd: export error: ${errnoWords('ENOSPC')}`, 28);
    }
    rethrow(error, 'export error');
  }
  return { ...success(), stderr: progress(session, 'Exporting image') };
}
