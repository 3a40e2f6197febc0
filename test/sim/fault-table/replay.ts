/** Strikes every step of the simulated qemu-img with a fault, on disks like those of the recordings. */
import type { Fault, FaultKind } from '../../../sim/faults/fault.ts';
import { simHost, type SimHost } from '../../../sim/sim-host.ts';
import { openImage, readImage, ToolFailure } from '../../../sim/tools/qemu-img/image.ts';
import {
  dataFingerprint,
  fingerprint,
  patternContent,
  resize,
  type RawContent,
} from '../../../sim/volume/content.ts';
import { newQcow2, type Qcow2Content } from '../../../sim/volume/qcow2-content.ts';
import type { Volume } from '../../../sim/volume/volume.ts';
import { endOf, type DiskState, type FaultOutcome, type RecordedCommand } from './recorded.ts';

const MiB = 1024 * 1024;
const directory = '/tmp/platter-record/qemu-img';

export interface SimulatedFault {
  readonly step: string;
  readonly outcome: FaultOutcome;
}

/** The outcome of a fault of this kind at each step, in the order of the steps. */
export async function strikeEachStep(
  command: RecordedCommand,
  kind: FaultKind,
): Promise<readonly SimulatedFault[]> {
  const steps = await stepsOf(command);
  const struck: SimulatedFault[] = [];
  for (const step of steps) {
    const fault: Fault = { host: 0, site: step, nth: 1, kind };
    struck.push({ step, outcome: await outcomeOf(command, [fault]) });
  }
  return struck;
}

export function untouched(command: RecordedCommand): Promise<FaultOutcome> {
  return outcomeOf(command, []);
}

async function stepsOf(command: RecordedCommand): Promise<readonly string[]> {
  const sim = await furnish(command, []);
  const steps: string[] = [];
  sim.world.observers.push({
    onStep: (_, name) => {
      if (name.startsWith('qemu-img ')) steps.push(name);
    },
  });
  await run(sim, command);
  return [...new Set(steps)];
}

async function outcomeOf(
  command: RecordedCommand,
  faults: readonly Fault[],
): Promise<FaultOutcome> {
  const sim = await furnish(command, faults);
  const result = await run(sim, command);
  sim.world.faults.isOver = true;
  const end = endOf({ ...result, signal: result.signal });
  return { ...end, left: await leftBy(sim, command) };
}

function run({ host }: SimHost, { argv }: RecordedCommand) {
  const [file = '', ...args] = argv;
  return host.executor.run({ file, args });
}

const base = patternContent(8 * MiB, 7, MiB);
const small = patternContent(4 * MiB, 3, MiB);
const old = patternContent(4 * MiB, 4);

async function furnish(command: RecordedCommand, faults: readonly Fault[]): Promise<SimHost> {
  const sim = simHost({ faults });
  const { volume } = sim.world;
  for (const path of ['/tmp', '/tmp/platter-record', directory]) {
    volume.create(path, 'directory', 0o755);
  }
  const put = (name: string, content: RawContent | Qcow2Content) =>
    volume.create(`${directory}/${name}`, 'file', 0o644, content);
  put('base.raw', base);
  put('small.raw', small);
  put(
    'disk.qcow2.source',
    diskOf({ virtualSizeBytes: 32 * MiB, check: 'clean', active: '', snapshots: {} }),
  );
  if (command.before !== undefined)
    put('disk.qcow2', appliedBefore(command, diskOf(command.before)));
  else if (/existing|-n onto|^resize raw/.test(command.name)) put(nameOf(targetOf(command)), old);
  return sim;
}

/** Flags are wrong for a moment only the first time that a snapshot is brought back. */
function appliedBefore({ name }: RecordedCommand, disk: Qcow2Content): Qcow2Content {
  if (!name.endsWith('for the second time')) return disk;
  return { ...disk, snapshots: disk.snapshots.map((kept) => ({ ...kept, wasApplied: true })) };
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** The file that the command makes or changes. */
function targetOf({ argv }: RecordedCommand): string {
  return argv.findLast((word) => /\/(disk\.qcow2|target\.raw)$/.test(word)) ?? '';
}

/** An overlay with a layer of its own for each snapshot, and for the present unless that is one of them. */
function diskOf({ virtualSizeBytes, check, active, snapshots }: DiskState): Qcow2Content {
  const layers = new Map<string, RawContent>();
  const layerOf = (content: string, sizeBytes: number) => {
    const known = layers.get(content);
    if (known !== undefined) return known;
    const layer = patternContent(sizeBytes, 20 + layers.size, sizeBytes);
    layers.set(content, layer);
    return layer;
  };
  const kept = Object.entries(snapshots).map(([name, content], index) => ({
    id: index + 1,
    name,
    createdAtMs: 0,
    layer: layerOf(content, Number.parseInt(content, 10)),
  }));
  const damage = check === 'clean' ? 'none' : check.startsWith('exit 3') ? 'leaks' : 'corrupt';
  return {
    ...newQcow2(virtualSizeBytes, { backing: { path: `${directory}/base.raw`, format: 'raw' } }),
    layer: layerOf(active, virtualSizeBytes),
    snapshots: kept,
    damage,
  };
}

async function leftBy(sim: SimHost, command: RecordedCommand): Promise<string> {
  const { volume } = sim.world;
  const path = targetOf(command);
  const inode = volume.peek(path);
  if (inode === undefined) return 'no file';
  const content = volume.content(inode);
  const format = nameOf(path) === 'target.raw' ? 'raw' : 'qcow2';
  const view = viewOf(volume, path, format);
  if (view === undefined) return 'no image';
  const verdict = format === 'raw' ? '' : ` ${await verdictOn(sim, path)}`;
  if (command.before !== undefined && content.kind === 'qcow2') {
    return `${view.sizeBytes}${verdict} ${changeOf(command, content)} [${keptOf(command, content)}]`;
  }
  const isRight = fingerprint(view) === fingerprint(await rightContent(command));
  return `${view.sizeBytes}${verdict} ${isRight ? 'right' : 'other'}`;
}

function viewOf(volume: Volume, path: string, format: string): RawContent | undefined {
  try {
    const image = openImage({ volume, stores: {}, held: [] }, { path, format }, 'share');
    return readImage(volume, image);
  } catch (error) {
    if (error instanceof ToolFailure) return undefined;
    throw error;
  }
}

async function verdictOn({ host }: SimHost, path: string): Promise<string> {
  const args = ['check', '-q', '-f', 'qcow2', path];
  const { exitCode } = await host.executor.run({ file: 'qemu-img', args });
  return { 0: 'clean', 2: 'corrupt', 3: 'leaks' }[exitCode ?? -1] ?? 'unreadable';
}

const rights = new Map<string, RawContent>();

/** What is there when nothing goes wrong. */
async function rightContent(command: RecordedCommand): Promise<RawContent> {
  const known = rights.get(command.name);
  if (known !== undefined) return known;
  const sim = await furnish(command, []);
  await run(sim, command);
  const path = targetOf(command);
  const format = nameOf(path) === 'target.raw' ? 'raw' : 'qcow2';
  const view = viewOf(sim.world.volume, path, format) ?? patternContent(0, 0);
  rights.set(command.name, view);
  return view;
}

/** The present content beside what it was before and what it is afterwards. */
function changeOf({ before, after }: RecordedCommand, { layer }: Qcow2Content): string {
  if (before === undefined || after === undefined) return '';
  const was = diskOf(before);
  const becomes = diskOf({ ...before, ...after, snapshots: { ...before.snapshots } }).layer;
  const isOnlyResized = digestOf(before.active) === digestOf(after.active);
  const same = (other: RawContent) => dataFingerprint(layer) === dataFingerprint(other);
  if (isOnlyResized && before.virtualSizeBytes === after.virtualSizeBytes) {
    return same(was.layer) ? 'before = after' : 'between';
  }
  if (isOnlyResized) {
    if (!same(was.layer)) return 'between';
    return layer.sizeBytes === before.virtualSizeBytes ? 'before' : 'after';
  }
  if (same(was.layer) && layer.sizeBytes === before.virtualSizeBytes) return 'before';
  return same(becomes) && layer.sizeBytes === after.virtualSizeBytes ? 'after' : 'between';
}

const digestOf = (content: string) => content.slice(content.indexOf(':') + 1);

function keptOf({ before }: RecordedCommand, content: Qcow2Content): string {
  if (content.lostTable !== undefined) return content.snapshots.map(() => ': WRONG').join(', ');
  const known = before === undefined ? [] : diskOf(before).snapshots;
  return content.snapshots
    .map(({ name, layer }) => {
      const was = known.find((snapshot) => snapshot.name === name)?.layer ?? content.layer;
      const isRight = dataFingerprint(layer) === dataFingerprint(resize(was, layer.sizeBytes));
      return `${name} ${isRight ? 'right' : 'WRONG'}`;
    })
    .join(', ');
}
