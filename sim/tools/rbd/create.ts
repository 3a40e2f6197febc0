/** `rbd create`, and how every command makes an image: three objects, one after the other. */
import type { ClusterImage } from '../../cluster/image.ts';
import { type Namespace, specOf } from '../../cluster/namespace.ts';
import { emptyContent, resize } from '../../volume/content.ts';
import { errno } from '../../volume/errno.ts';
import { success, type ToolResult } from '../program.ts';
import { imageSpec, parseSize, requiredSize, type RbdArguments, type Shape } from './arguments.ts';
import { codeOf, failed } from './failure.ts';
import {
  connect,
  findNamespace,
  read,
  write,
  type RbdContext,
  type Session,
  type Steps,
} from './session.ts';

export const createShape: Shape = {
  words: 1,
  values: ['size', 'object-size', 'image-feature', 'image-format'],
};

/** An image as the options say. */
export function newImage(
  { context: { nowMs }, cluster }: Session,
  namespace: Namespace,
  sizeBytes: number,
  { values }: RbdArguments,
): ClusterImage {
  const feature = values.get('image-feature');
  const objectSize = values.get('object-size');
  return cluster.newImage(namespace, resize(emptyContent, sizeBytes), nowMs, {
    ...(feature === undefined ? {} : { features: feature.split(',') }),
    ...(objectSize === undefined ? {} : { objectBytes: parseSize(objectSize) }),
  });
}

/** Object maps hold so many objects. */
const objectsMax = 256_000_000;

/** Throws EEXIST where the name is taken, and then nothing is changed. */
export function* addImage(
  session: Session,
  namespace: Namespace,
  name: string,
  image: ClusterImage,
): Steps<void> {
  const { cluster, context } = session;
  const subject = specOf(namespace, name);
  const { directory, ids } = namespace;
  const noteOrphan = () => {
    if (context.process.parent?.isAlive === false) cluster.madeByOrphans.add(image.id);
  };
  // Somebody has cleared up after this one while it stood still.
  const noteNameless = () => {
    if (!directory.has(name) && !ids.has(name)) cluster.madeByOrphans.add(image.id);
  };
  if (yield* read(session, { name: 'look for the name', subject }, () => ids.has(name))) {
    throw errno('EEXIST');
  }
  yield* write(session, namespace, { name: 'add to directory', subject }, () => {
    if (directory.has(name)) throw errno('EEXIST');
    directory.set(name, image.id);
    noteOrphan();
  });
  yield* write(session, namespace, { name: 'create name', subject }, () => {
    noteOrphan();
    cluster.setId(namespace, name, image.id);
  });
  yield* write(session, namespace, { name: 'create header', subject, takesMs: 20 }, () => {
    noteOrphan();
    noteNameless();
    cluster.addHeader(image);
  });
}

export function* create(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const sizeBytes = requiredSize(args);
  const session = yield* connect(context, args);
  const namespace = findNamespace(session, spec);
  const image = newImage(session, namespace, sizeBytes, args);
  if (sizeBytes / image.objectBytes > objectsMax) {
    const why = 'validate_layout: image size not compatible with object map';
    throw failed('EINVAL', 'create error', `librbd::image::CreateRequest: ${why}`);
  }
  try {
    yield* addImage(session, namespace, spec.image, image);
  } catch (error) {
    throw createFailure(error, 'create error', spec.image);
  }
  return success();
}

/** What librbd says when an image could not be made. */
function createFailure(error: unknown, what: string, name: string): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  return failed(code, what, creationLog(code, name));
}

export function creationLog(code: string, name: string): string {
  if (code === 'EEXIST') return `librbd: rbd image ${name} already exists`;
  if (code === 'ETIMEDOUT') return `librbd: Could not tell if ${name} already exists`;
  const where = 'handle_add_image_to_directory: error adding image to directory';
  return `librbd::image::CreateRequest: 0x0 ${where}: ${failed(code, '').message.slice(7)}`;
}
