/**
 * `qemu-img snapshot`. The states between its steps are those of fixtures/qemu-img-7.2/faults-snapshot-*.json:
 *
 * - Taking one: reference counts are raised first (leaks, then flags that are wrong), then the header gets a new table.
 * - Bringing one back at another size: the size changes first, so that for a while the disk is neither what it was nor
 *   what it will be; near the end a guest's writes would damage the snapshot, until the tool has run again.
 * - Removing one: the header gets a new table, then what only that snapshot held is given back.
 * - When the last flush of a table fails, the new table is given back although the header names it: every snapshot is
 *   lost to sight, and the old table still there.
 */
import { clear, resize } from '../../volume/content.ts';
import type { Qcow2Content } from '../../volume/qcow2-content.ts';
import {
  errnoText,
  success,
  type ToolContext,
  type ToolResult,
  type ToolStep,
} from '../program.ts';
import { openBacking, openImage, qcow2Of, ToolFailure, type OpenImage } from './image.ts';
import { parseImageName } from './image-name.ts';
import type { QemuImgOptions } from './options.ts';

type Steps = Generator<ToolStep, ToolResult, void>;

export function* snapshot(context: ToolContext, { values, words }: QemuImgOptions): Steps {
  const [word = ''] = words;
  const name = parseImageName(word, probe(context, word));
  yield { name: 'open image', subject: name.path };
  const image = openImage(context, name, 'write');
  openBacking(context.volume, image);
  const toCreate = values.get('-c');
  const toApply = values.get('-a');
  const toDelete = values.get('-d');
  if (name.format !== 'qcow2') throw noSnapshots(toCreate, toApply, toDelete);
  if (toCreate !== undefined) return yield* createSnapshot(context, image, toCreate);
  if (toApply !== undefined) return yield* applySnapshot(context, image, toApply);
  return yield* deleteSnapshot(context, image, toDelete ?? '');
}

/** Without a format that is named it goes by what the file begins with. */
function probe({ volume }: ToolContext, path: string): string {
  const inode = volume.peek(path);
  const isQcow2 = inode !== undefined && volume.content(inode).kind === 'qcow2';
  return isQcow2 ? 'qcow2' : 'raw';
}

/** Of a format that has none. */
function noSnapshots(toCreate?: string, toApply?: string, toDelete?: string): ToolFailure {
  const unsupported = 'Operation not supported';
  if (toCreate !== undefined) {
    return new ToolFailure(`Could not create snapshot '${toCreate}': -95 (${unsupported})`);
  }
  if (toApply !== undefined) {
    return new ToolFailure(`Could not apply snapshot '${toApply}': ${unsupported}`);
  }
  return new ToolFailure(`Could not delete snapshot '${toDelete ?? ''}': snapshot not found`);
}

function writer({ volume }: ToolContext, { inode, path }: OpenImage) {
  return (content: Qcow2Content) => volume.setContent(inode, content, path);
}

function* createSnapshot(context: ToolContext, image: OpenImage, name: string): Steps {
  const before = qcow2Of(context.volume, image);
  const set = writer(context, image);
  const id = Math.max(0, ...before.snapshots.map((kept) => kept.id)) + 1;
  const kept = { id, name, createdAtMs: context.nowMs, layer: before.layer };
  const after: Qcow2Content = { ...before, snapshots: [...before.snapshots, kept], damage: 'none' };
  const action = `create snapshot '${name}'`;
  yield { name: 'write reference counts', subject: image.path };
  set({ ...before, damage: 'leaks' });
  yield* failing(action, { name: 'write copied flags', subject: image.path });
  set({ ...before, damage: 'corrupt' });
  yield* failing(action, { name: 'write L1 table', subject: image.path });
  set({ ...before, damage: 'leaks' });
  yield* failing(action, { name: 'write snapshot table', subject: image.path });
  set({ ...after, damage: 'leaks' });
  yield* flushTable(action, set, { before, after });
  try {
    yield { name: 'give old table back', subject: image.path };
    set(after);
    return yield* close(context, image);
  } catch (error) {
    // The snapshot is there: what fails now is printed, and the exit status is 0.
    const stderr = `qemu-img: Failed to flush the L2 table cache: ${errnoText(error)}\n`;
    return { ...success(), stderr };
  }
}

function* deleteSnapshot(context: ToolContext, image: OpenImage, name: string): Steps {
  const before = qcow2Of(context.volume, image);
  const set = writer(context, image);
  const action = `delete snapshot '${name}'`;
  // Of several of one name the oldest goes, and an id is no name here.
  const removed = before.snapshots.find((kept) => kept.name === name);
  if (removed === undefined) throw new ToolFailure(`Could not ${action}: snapshot not found`);
  const snapshots = before.snapshots.filter((kept) => kept !== removed);
  const after: Qcow2Content = { ...before, snapshots };
  yield* failing(action, { name: 'write reference counts', subject: image.path });
  set({ ...before, damage: 'leaks' });
  yield* failing(action, { name: 'write snapshot table', subject: image.path });
  set({ ...after, damage: 'leaks' });
  yield* flushTable(action, set, { before, after });
  yield* failing(action, { name: 'give clusters back', subject: image.path });
  set({ ...after, damage: 'none' });
  return yield* close(context, image, action);
}

/** The flush behind the header: where it fails, the tool gives the new table back. */
function* flushTable(
  action: string,
  set: (content: Qcow2Content) => void,
  { before, after }: { before: Qcow2Content; after: Qcow2Content },
): Generator<ToolStep, void, void> {
  try {
    yield { name: 'flush header' };
  } catch (error) {
    if (after.snapshots.length > 0) {
      set({ ...after, damage: 'corrupt', lostTable: before.snapshots });
    }
    throw new ToolFailure(`Could not ${action}: ${errnoText(error)}`);
  }
}

function* applySnapshot(context: ToolContext, image: OpenImage, name: string): Steps {
  const before = qcow2Of(context.volume, image);
  const set = writer(context, image);
  // An id goes before a name, as the real one has it: `-a 1` is the first snapshot, whatever others are called.
  const kept =
    before.snapshots.find((known) => String(known.id) === name) ??
    before.snapshots.find((known) => known.name === name);
  if (kept === undefined) {
    throw new ToolFailure(
      `Could not apply snapshot '${name}': Failed to load snapshot: No such file or directory`,
    );
  }
  const action = `apply snapshot '${name}'`;
  const isResized = kept.layer.sizeBytes !== before.layer.sizeBytes;
  let current = before;
  if (isResized) {
    if (kept.layer.sizeBytes < before.layer.sizeBytes) {
      // What is beyond the new size is given up before anything else is written.
      yield { name: 'free tail', subject: image.path };
      set({ ...before, layer: clear(before.layer, kept.layer.sizeBytes, Infinity) });
    }
    yield* failing(action, { name: 'write size', subject: image.path });
    current = { ...before, layer: resize(before.layer, kept.layer.sizeBytes) };
    if (kept.layer.sizeBytes < before.layer.sizeBytes) {
      set({ ...current, damage: 'leaks' });
      yield* failing(action, { name: 'free tail tables', subject: image.path });
    }
    set(current);
  }
  yield* failing(action, { name: 'write reference counts', subject: image.path });
  set({ ...current, damage: 'leaks' });
  yield* failing(action, { name: 'write L1 table', subject: image.path });
  const hadRightFlags = kept.wasApplied === true;
  set({ ...current, layer: kept.layer, damage: hadRightFlags ? 'leaks' : 'corrupt' });
  yield* failing(action, { name: 'give clusters back', subject: image.path });
  const snapshots = before.snapshots.map((known) =>
    known === kept ? { ...kept, wasApplied: true } : known,
  );
  set({ ...current, snapshots, layer: kept.layer, damage: 'none' });
  return yield* close(context, image, action);
}

function* failing(action: string, step: ToolStep): Generator<ToolStep, void, void> {
  try {
    yield step;
  } catch (error) {
    throw new ToolFailure(`Could not ${action}: ${errnoText(error)}`);
  }
}

function* close({ volume }: ToolContext, { inode, path }: OpenImage, action?: string): Steps {
  const step = { name: 'flush', subject: path, takesMs: 30 };
  if (action === undefined) yield step;
  else yield* failing(action, step);
  volume.sync(inode);
  return success();
}
