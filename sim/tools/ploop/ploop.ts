/**
 * The simulated ploop 1.15, of what works without the kernel module: snapshots, and growth, offline. Recorded in
 * fixtures/ploop-1.15, with the order of its effects: the new descriptor is written aside first, then the images are
 * made or changed, then the descriptor takes its place, then files of no use are removed. A delta is simulated as what
 * was written into it.
 */
import { loadXml } from '../../../src/images/ploop/descriptor.ts';
import { hashText } from '../../schedule/prng.ts';
import { emptyContent, overlay, resize, type RawContent } from '../../volume/content.ts';
import type { Inode } from '../../volume/inode.ts';
import { asRaw } from '../qemu-img/image.ts';
import {
  errnoText,
  failure,
  success,
  type ToolContext,
  type ToolProgram,
  type ToolResult,
  type ToolStep,
} from '../program.ts';
import { lockDescriptor } from './lock.ts';
import {
  childrenOf,
  formatDescriptor,
  markedTemporary,
  readDescriptor,
  topGuid,
  withoutShot,
  withSnapshot,
  withTopOn,
  type SimDescriptor,
} from './descriptor.ts';

// Whoever works on ploop disks reads XML. To load a module takes real time, of which a simulated world knows nothing:
// while an operation waited for it, all that is left to do there, such as keeping locks fresh, would go on for ever.
await loadXml();

type Steps = Generator<ToolStep, ToolResult, void>;

interface Disk {
  readonly path: string;
  readonly directory: string;
  readonly before: SimDescriptor;
}

const sectorBytes = 512;
const bytesPerMs = 2 ** 20;

export const ploop: ToolProgram = function* ploop(context, [verb = '', ...args]) {
  const path = args.at(-1) ?? '';
  const options = new Map(args.map((arg, index) => [arg, args[index + 1] ?? '']));
  yield { name: 'open descriptor', subject: path };
  const inode = context.volume.peek(path);
  if (inode === undefined) {
    return failure(
      `Error in ploop_open_dd (di.c:288): Can't resolve ${path}: No such file or directory`,
      39,
    );
  }
  yield* lockDescriptor(context, path);
  const before = readDescriptor(context.volume.text(inode) ?? '');
  if (before === undefined)
    return failure(`Error in ploop_read_dd (xml.c:397): Can't parse ${path}`, 1);
  const disk = { path, directory: path.slice(0, path.lastIndexOf('/')), before };
  const guid = `{${options.get('-u') ?? ''}}`;
  try {
    switch (verb) {
      case 'snapshot':
        return yield* snapshot(context, disk, guid);
      case 'snapshot-switch':
        return yield* switchTo(context, disk, guid);
      case 'snapshot-delete':
        return yield* remove(context, disk, guid);
      case 'snapshot-merge':
        return yield* mergeAll(context, disk);
      case 'grow':
        return yield* grow(context, disk, options.get('-s') ?? '');
      default:
        return failure(`Usage: ploop init -s SIZE [-f FORMAT] NEW_DELTA`, 38);
    }
  } catch (error) {
    return failure(`Error in ploop (ploop.c:216): ${path}: ${errnoText(error)}`, 7);
  }
};

function* snapshot(context: ToolContext, disk: Disk, guid: string): Steps {
  if (disk.before.shots.some((shot) => shot.guid === guid)) {
    return failure(
      `Error in do_create_snapshot (snapshot.c:275): The snapshot ${guid} already exist`,
      38,
    );
  }
  const file = newFile(context, disk);
  yield* replace(context, disk, withSnapshot(disk.before, guid, file), function* change() {
    yield* createDelta(context, disk, file, disk.before.sectors * sectorBytes);
  });
  return success(`ploop snapshot ${guid} has been successfully created\n`);
}

/** The size of the new top is the snapshot's; the descriptor keeps the one that it had. */
function* switchTo(context: ToolContext, disk: Disk, guid: string): Steps {
  const target = disk.before.files.get(guid);
  if (target === undefined) {
    return failure(
      `Error in ploop_switch_snapshot_ex (snapshot.c:665): Can't find snapshot by uuid ${guid}`,
      38,
    );
  }
  const file = newFile(context, disk);
  const { sizeBytes } = contentOf(context, disk, target);
  yield* replace(context, disk, withTopOn(disk.before, guid, file), function* change() {
    yield* createDelta(context, disk, file, sizeBytes);
  });
  yield* unlink(context, disk, disk.before.files.get(topGuid) ?? '');
  return success('ploop snapshot has been successfully switched\n');
}

function* remove(context: ToolContext, disk: Disk, guid: string): Steps {
  const file = disk.before.files.get(guid);
  if (file === undefined) {
    return failure(
      `Error in do_delete_snapshot (snapshot.c:60): Can't find snapshot by uuid ${guid}`,
      43,
    );
  }
  const children = childrenOf(disk.before, guid);
  if (children.length > 1) {
    yield* replace(context, disk, markedTemporary(disk.before, guid), function* nothing() {});
    return success(`Warning: Unable to delete snapshot ${guid}; marking it as temporary instead\n`);
  }
  if (children.length === 1) yield* mergeInto(context, disk, guid);
  else {
    yield* replace(context, disk, withoutShot(disk.before, guid), function* nothing() {});
    yield* unlink(context, disk, file);
  }
  yield* mergeTemporary(context, disk);
  return success(`ploop snapshot ${guid} has been successfully deleted\n`);
}

/** One that was only kept for two others goes when it is down to one. */
function* mergeTemporary(
  context: ToolContext,
  { path, directory }: Disk,
): Generator<ToolStep, void, void> {
  const inode = context.volume.peek(path);
  const before = inode === undefined ? undefined : readDescriptor(context.volume.text(inode) ?? '');
  const shot = before?.shots.find(
    ({ guid, isTemporary }) => isTemporary && childrenOf(before, guid).length === 1,
  );
  if (before === undefined || shot === undefined) return;
  yield* mergeInto(context, { path, directory, before }, shot.guid);
}

function* mergeAll(context: ToolContext, disk: Disk): Steps {
  for (let { before } = disk; before.shots.length > 1;) {
    const next = before.shots.find(
      ({ parent }) => !before.shots.some(({ guid }) => guid === parent),
    );
    if (next === undefined || childrenOf(before, next.guid).length !== 1) {
      return failure(
        `Error in ploop_di_can_merge_images (di.c:573): Unable to merge: it has 2 children`,
        38,
      );
    }
    yield* mergeInto(context, { ...disk, before }, next.guid);
    before = withoutShot(before, next.guid);
  }
  return success('Snapshots successfully merged\n');
}

/** The child's content is written over its parent's, in the parent's file. */
function* mergeInto(
  context: ToolContext,
  disk: Disk,
  guid: string,
): Generator<ToolStep, void, void> {
  const { volume } = context;
  const [child = ''] = childrenOf(disk.before, guid);
  const lower = disk.before.files.get(guid) ?? '';
  const upper = disk.before.files.get(child) ?? '';
  yield* replace(context, disk, withoutShot(disk.before, guid), function* change() {
    const inode = fileOf(context, disk, lower);
    const over = contentOf(context, disk, upper);
    for (const part of [firstHalf(over), over]) {
      const takesMs = 10 + over.sizeBytes / 2 / bytesPerMs;
      yield { name: 'merge', subject: `${disk.directory}/${lower}`, takesMs };
      volume.setContent(
        inode,
        merged(part, asRaw(volume.content(inode))),
        `${disk.directory}/${lower}`,
      );
    }
    yield { name: 'sync image', subject: `${disk.directory}/${lower}` };
    volume.sync(inode);
  });
  yield* unlink(context, disk, upper);
}

function merged(upper: RawContent, lower: RawContent): RawContent {
  const sizeBytes = Math.max(upper.sizeBytes, lower.sizeBytes);
  return overlay(resize(upper, sizeBytes), resize(lower, sizeBytes));
}

function firstHalf(content: RawContent): RawContent {
  return { ...content, extents: content.extents.slice(0, content.extents.length / 2) };
}

function* grow(context: ToolContext, disk: Disk, size: string): Steps {
  const { volume } = context;
  const file = disk.before.files.get(topGuid) ?? '';
  const path = `${disk.directory}/${file}`;
  const sizeBytes = Number(/^(\d+)K$/.exec(size)?.[1] ?? Number.NaN) * 1024;
  const inode = fileOf(context, disk, file);
  const content = asRaw(volume.content(inode));
  if (!(sizeBytes >= content.sizeBytes)) {
    return failure(
      'Error in ploop_grow_raw_delta_offline (delta_read.c:574): Error: new size is less than the old size',
      38,
    );
  }
  yield* replace(
    context,
    disk,
    { ...disk.before, sectors: sizeBytes / sectorBytes },
    function* change() {
      for (const part of [(content.sizeBytes + sizeBytes) / 2, sizeBytes]) {
        yield { name: 'lengthen image', subject: path, takesMs: 10 };
        volume.setContent(inode, resize(asRaw(volume.content(inode)), part), path);
      }
      yield { name: 'sync image', subject: path };
      volume.sync(inode);
    },
  );
  return success();
}

/** The new descriptor aside, then the change, then the descriptor in its place. */
function* replace(
  { volume }: ToolContext,
  { path }: Disk,
  after: SimDescriptor,
  change: () => Generator<ToolStep, void, void>,
): Generator<ToolStep, void, void> {
  const draft = `${path}.tmp`;
  if (volume.peek(draft) !== undefined) volume.unlink(draft);
  yield { name: 'write descriptor', subject: draft };
  const inode = volume.create(draft, 'file', 0o644, formatDescriptor(after));
  yield { name: 'sync descriptor', subject: draft };
  volume.sync(inode);
  yield* change();
  yield { name: 'rename descriptor', subject: path };
  volume.rename(draft, path);
}

function* createDelta(
  { volume }: ToolContext,
  { directory }: Disk,
  file: string,
  sizeBytes: number,
): Generator<ToolStep, void, void> {
  yield { name: 'create delta', subject: `${directory}/${file}` };
  const content = resize(emptyContent, sizeBytes);
  const inode = volume.create(`${directory}/${file}`, 'file', 0o600, content);
  yield { name: 'sync delta', subject: `${directory}/${file}` };
  volume.sync(inode);
}

function* unlink(
  { volume }: ToolContext,
  { directory }: Disk,
  file: string,
): Generator<ToolStep, void, void> {
  yield { name: 'remove image', subject: `${directory}/${file}` };
  if (volume.peek(`${directory}/${file}`) !== undefined) volume.unlink(`${directory}/${file}`);
}

function fileOf({ volume }: ToolContext, { directory }: Disk, file: string): Inode {
  return volume.findFile(`${directory}/${file}`);
}

function contentOf(context: ToolContext, disk: Disk, file: string): RawContent {
  return asRaw(context.volume.content(fileOf(context, disk, file)));
}

/** Random in ploop; here of what tells one run of a tool from every other. */
function newFile({ process, nowMs }: ToolContext, { path }: Disk): string {
  const seed = `${path} ${process.pid} ${process.startTicks} ${nowMs}`;
  const digits = ['a', 'b', 'c', 'd'].map((salt) =>
    hashText(`${salt} ${seed}`).toString(16).padStart(8, '0'),
  );
  const guid = digits.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return `root.hds.{${guid}}`;
}
