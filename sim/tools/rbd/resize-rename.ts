/**
 * `rbd resize` and `rbd rename`. Recorded in fixtures/rbd-16.2/resize-rename.json, killed-steps.json and rename-race.json: a
 * rename is three changes, and one that is killed between them leaves the image under both names; doing it again says that
 * the new name is taken. One that finds the name taken only when it gives it ends with status 0 and has done nothing.
 */
import { resize as resizeContent } from '../../volume/content.ts';
import { errno } from '../../volume/errno.ts';
import { listedName, specOf } from '../../cluster/namespace.ts';
import { success, type ToolResult } from '../program.ts';
import { imageSpec, requiredSize, type RbdArguments, type Shape } from './arguments.ts';
import { codeOf, errnoWords, logged, refused, rethrow } from './failure.ts';
import { acquireLock, change, openImage, type OpenImage } from './open.ts';
import {
  connect,
  progress,
  read,
  write,
  type RbdContext,
  type Session,
  type Steps,
} from './session.ts';

export const resizeShape: Shape = { words: 1, flags: ['allow-shrink'], values: ['size'] };

export function* resize(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const sizeBytes = requiredSize(args);
  const session = yield* connect(context, args);
  const open = yield* openImage(session, spec, 'write');
  const { image, namespace } = open;
  const { content } = image;
  if (sizeBytes === content.sizeBytes) {
    throw refused('EINVAL', 'rbd: new size is equal to original size ');
  }
  if (sizeBytes < content.sizeBytes && !args.flags.has('allow-shrink')) {
    throw refused('EINVAL', 'rbd: shrinking an image is only allowed with the --allow-shrink flag');
  }
  try {
    yield* change(session, open, 'write size', () => {
      // Whoever grew it meanwhile, what comes later does not make it smaller: it fails (resize-race.json).
      const shrinks = sizeBytes < image.content.sizeBytes;
      if (shrinks && !args.flags.has('allow-shrink')) throw errno('EINVAL');
      session.cluster.setContent(image, resizeContent(image.content, sizeBytes));
    });
    yield { name: 'close image', subject: specOf(namespace, open.name) };
  } catch (error) {
    rethrow(error, 'resize error');
  }
  return { ...success(), stderr: progress(session, 'Resizing image') };
}

export const renameShape: Shape = { words: 2, values: ['dest-pool', 'dest'] };

export function* rename(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const source = imageSpec(args);
  // A name without a pool is in the pool of the source.
  const target = imageSpec({ ...args, pool: source.pool }, args.words[1]);
  if (source.pool !== target.pool) {
    throw refused(
      'EINVAL',
      'rbd: mv/rename across pools not supported',
      `source pool: ${source.pool} dest pool: ${target.pool}`,
    );
  }
  const session = yield* connect(context, args);
  const open = yield* openImage(session, source, 'write', 'rename error', (code) => [
    `librbd: error opening source image: ${errnoWords(code)}`,
  ]);
  const { cluster } = session;
  const { namespace, image } = open;
  const { directory, ids } = namespace;
  // An image goes by the name that the directory has, whichever name it was opened by.
  const before = listedName(namespace, image.id) ?? source.image;
  const subject = specOf(namespace, target.image);
  try {
    const isTaken = yield* read(session, { name: 'look for the name', subject }, () =>
      ids.has(target.image),
    );
    if (isTaken) throw errno('EEXIST');
    yield* acquireLock(session, open);
    // Time enough for somebody else to give it.
    const create = { name: 'create name', subject, takesMs: 1 };
    const isGiven = yield* write(session, namespace, create, () => {
      if (ids.has(target.image)) return false;
      cluster.setId(namespace, target.image, image.id);
      return true;
    });
    // A name that is listed and opens nothing is met only now, when it opens the image already (half-made.json).
    const isListed =
      isGiven &&
      (yield* write(session, namespace, { name: 'update directory', subject }, () => {
        if (directory.has(target.image)) return false;
        directory.delete(before);
        directory.set(target.image, image.id);
        return true;
      }));
    if (!isListed) {
      yield { name: 'close image', subject };
      return {
        ...success(),
        stderr: session.logs ? logged(`${request}: image already exists`, 1) : '',
      };
    }
    const warning = yield* removeName(session, open, before);
    yield { name: 'close image', subject };
    return { ...success(), stderr: warning };
  } catch (error) {
    const log = `librbd::Operations: rbd image ${target.image} already exists`;
    rethrow(error, 'rename error', ...(codeOf(error) === 'EEXIST' ? [log] : []));
  }
}

const request = 'librbd::operation::RenameRequest';

/** The image has its new name: that the old one stays as well is only worth a warning. */
function* removeName(
  session: Session,
  { namespace, image }: OpenImage,
  name: string,
): Steps<string> {
  const { cluster } = session;
  const { ids } = namespace;
  const subject = specOf(namespace, name);
  try {
    yield* write(session, namespace, { name: 'remove name', subject }, () => {
      if (ids.get(name) === image.id) cluster.removeId(namespace, name);
    });
    return '';
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return logged(`${request}: warning: couldn't remove old source object (rbd_id.${name})`);
  }
}
