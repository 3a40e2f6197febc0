/**
 * How qemu-img makes the files of images: in the steps of fixtures/qemu-img-7.2/faults-create.json and
 * faults-convert.json, with the states that are between them.
 */
import { emptyContent, resize } from '../../volume/content.ts';
import type { Inode } from '../../volume/inode.ts';
import { newQcow2, type Qcow2Content } from '../../volume/qcow2-content.ts';
import { errnoText, type ToolContext, type ToolStep } from '../program.ts';
import { lockFor, ToolFailure } from './image.ts';
import type { QemuImgOptions } from './options.ts';

type Steps<Value> = Generator<ToolStep, Value, void>;

/** Before "could not …" in messages. */
interface Naming {
  readonly path: string;
  readonly action: string;
}

/** A file that is there is emptied, and stays the same file; one that somebody else has open is left alone. */
function* openTarget(context: ToolContext, { path, action }: Naming): Steps<Inode> {
  const { volume } = context;
  try {
    yield { name: 'open target', subject: path };
    const inode = volume.peek(path) ?? volume.create(path, 'file', 0o644, emptyContent);
    if (inode.kind === 'directory') throw Object.assign(new Error(path), { code: 'EISDIR' });
    lockFor(inode, { path }, 'write');
    return inode;
  } catch (error) {
    if (error instanceof ToolFailure) throw error;
    throw new ToolFailure(`${path}: ${action}Could not create '${path}': ${errnoText(error)}`);
  }
}

/** What fails leaves the file behind, empty. */
export function* makeRawFile(
  context: ToolContext,
  naming: Naming,
  sizeBytes: number,
): Steps<Inode> {
  const { path, action } = naming;
  const { volume } = context;
  const inode = yield* openTarget(context, naming);
  volume.setContent(inode, emptyContent, path);
  try {
    yield { name: 'truncate', subject: path };
    volume.setContent(inode, resize(emptyContent, sizeBytes), path);
  } catch (error) {
    throw new ToolFailure(`${path}: ${action}Could not resize file: ${errnoText(error)}`);
  }
  try {
    yield { name: 'write first page', subject: path };
  } catch {
    // Nobody minds: it is there to take space, and may well be a hole.
  }
  return inode;
}

/** Steps that write metadata, what fails when they do, and what the file is once they are done. */
function metadataSteps(whole: Qcow2Content): readonly (readonly [string, string, Qcow2Content])[] {
  const { backing, clusterBytes } = whole;
  const without = newQcow2(whole.layer.sizeBytes, { clusterBytes });
  const empty = newQcow2(0, { clusterBytes });
  const resizing = 'Could not resize image: Failed to';
  return [
    ['write header', 'Could not write qcow2 header', { ...empty, damage: 'corrupt' }],
    ['write refcount table', 'Could not write refcount table', { ...empty, damage: 'corrupt' }],
    ['write refcount block', `${resizing} grow the L1 table`, empty],
    ['write L1 table', `${resizing} grow the L1 table`, { ...empty, damage: 'leaks' }],
    ['write L1 place', `${resizing} grow the L1 table`, empty],
    ['write size', `${resizing} update the image size`, without],
    ...(backing === undefined
      ? []
      : [
          [
            'write backing file name',
            `Could not assign backing file '${backing.path}'`,
            whole,
          ] as const,
        ]),
  ];
}

/** What fails removes the file, whoever made it: but for a failure before it is opened as an image. */
export function* makeQcow2File(
  context: ToolContext,
  naming: Naming,
  content: Qcow2Content,
): Steps<Inode> {
  const { path, action } = naming;
  const { volume } = context;
  const inode = yield* openTarget(context, naming);
  try {
    yield { name: 'truncate', subject: path };
    volume.setContent(inode, emptyContent, path);
  } catch (error) {
    throw new ToolFailure(`${path}: ${action}Could not resize file: ${errnoText(error)}`);
  }
  for (const [name, message, after] of metadataSteps(content)) {
    try {
      yield { name, subject: path };
      volume.setContent(inode, after, path);
    } catch (error) {
      if (volume.peek(path) === inode) volume.unlink(path);
      throw new ToolFailure(`${path}: ${action}${message}: ${errnoText(error)}`);
    }
  }
  return inode;
}

/** What `-o`, `-b` and `-F` ask of a new qcow2. */
export function qcow2Options({ values }: QemuImgOptions): { clusterBytes: number } {
  const text = /cluster_size=(\d+)/.exec(values.get('-o') ?? '')?.[1] ?? '65536';
  return { clusterBytes: Number(text) };
}

export function requireClusterSize(clusterBytes: number, path: string): void {
  const isPower = Number.isInteger(Math.log2(clusterBytes));
  if (isPower && clusterBytes >= 512 && clusterBytes <= 2 ** 21) return;
  throw new ToolFailure(`${path}: Cluster size must be a power of two between 512 and 2048k`);
}
