/** Random sequences of the engine's operations on the simulated and the real host, compared after each. */
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import type { Host } from '../../src/ports/host.ts';
import { count, type Tally } from './budget.ts';
import {
  compareContents,
  compareAllocated,
  Difference,
  askBoth,
  requireSame,
  type Sides,
} from './compare.ts';
import type { EngineOperation } from './engine-operations.ts';
import type { Side } from './side.ts';

const MiB = 1024 * 1024;

/** One side of one sequence, with a store and files of its own. */
interface Run {
  readonly side: Side;
  readonly backend: Backend;
  readonly root: string;
}

interface Known {
  /** Writes of guests into any disk: clones and exports take them along. */
  writes: number;
  /** Zeros were written, or something was compressed: then allocated sizes say nothing. */
  isUneven: boolean;
}

export async function compareEngine(
  sides: Sides,
  type: string,
  operations: readonly EngineOperation[],
  tally: Tally,
): Promise<void> {
  const runs = await askBoth(sides, (side) => furnish(side));
  const known: Known = { writes: 0, isUneven: false };
  for (const [index, operation] of operations.entries()) {
    try {
      await compareOne(sides, runs, { type, index, known }, operation, tally);
    } catch (error) {
      if (!(error instanceof Difference)) throw error;
      throw new Difference(
        `operation ${index + 1}, ${JSON.stringify(operation)}: ${error.message}`,
      );
    }
  }
  requireSame('files', sides, await askBoth(sides, (side) => filesBelow(side, 'instances')));
}

interface Setting {
  readonly type: string;
  readonly index: number;
  readonly known: Known;
}

async function compareOne(
  sides: Sides,
  runs: { sim: Run; real: Run },
  setting: Setting,
  operation: EngineOperation,
  tally: Tally,
): Promise<void> {
  const outcomes = {
    real: await outcomeOf(perform(runs.real, setting, operation)),
    sim: await outcomeOf(perform(runs.sim, setting, operation)),
  };
  requireSame('outcome', sides, outcomes);
  count(tally, operation.kind, outcomes.real.code === 'done');
  if (operation.kind === 'write') {
    setting.known.writes += 1;
    if (operation.byte === 0) setting.known.isUneven = true;
  }
  if (operation.kind === 'export' && outcomes.real.code === 'done') {
    await compareContents(sides, exportName(setting.index), operation.format ?? formatOf(setting));
  }
  if (!('vm' in operation)) return;
  await compareImage(sides, runs, setting, operation.vm);
}

async function compareImage(
  sides: Sides,
  runs: { sim: Run; real: Run },
  { type, known }: Setting,
  vm: string,
): Promise<void> {
  const shown = {
    real: await outcomeOf(imageOf(runs.real, type, vm).info()),
    sim: await outcomeOf(imageOf(runs.sim, type, vm).info()),
  };
  requireSame(`info of ${vm}`, sides, shown);
  if (shown.real.code !== 'done') return;
  const { format, snapshots } = await imageOf(runs.real, type, vm).info();
  const path = `instances/${vm}/disk`;
  await compareContents(sides, path, format);
  if (known.isUneven) return;
  const kept = snapshots.map((name) => ({ name, id: name, sizeBytes: 0 }));
  await compareAllocated(sides, path, { kind: format, snapshots: kept }, known.writes + 4);
}

interface Outcome {
  /** `done`, or the code of the error. */
  readonly code: string;
  readonly message?: string;
  readonly value?: unknown;
}

async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  try {
    const value: unknown = await promise;
    return { code: 'done', value: comparable(value) };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: string };
    return { code: String(code), message: message ?? '' };
  }
}

/** Without times, and without what is compared within a tolerance. */
function comparable(value: unknown): unknown {
  const left = new Set(['createdAt', 'allocatedBytes', 'addedAt', 'fileSizeBytes', 'sha256']);
  return JSON.parse(
    JSON.stringify(value ?? null, (key, inner: unknown) => (left.has(key) ? undefined : inner)),
  ) as unknown;
}

function imageOf({ backend }: Run, type: string, vm: string): Image {
  return backend.image({ id: vm }, 'disk', type);
}

const exportName = (index: number) => `export-${index}`;
const formatOf = ({ type }: Setting) => (type === 'qcow2' ? 'qcow2' : 'raw');

async function perform(
  run: Run,
  { type, index }: Setting,
  operation: EngineOperation,
): Promise<unknown> {
  const { backend, root, side } = run;
  const { templates } = backend;
  switch (operation.kind) {
    case 'list':
      return backend.list();
    case 'recover':
      return backend.recover();
    case 'add template':
      return templates.add(operation.template, `${root}/${operation.source}`);
    case 'delete template':
      return templates.delete(operation.template);
    case 'verify template':
      return templates.verify(operation.template);
    case 'write': {
      const { path, format } = await imageOf(run, type, operation.vm).info();
      return side.write(path, format, operation, operation.byte);
    }
    default:
      return performOnImage(
        run,
        imageOf(run, type, operation.vm),
        operation,
        `${root}/${exportName(index)}`,
      );
  }
}

type OnImage = Exclude<
  EngineOperation,
  { kind: 'list' | 'recover' | 'write' | 'add template' | 'delete template' | 'verify template' }
>;

function performOnImage(
  { side, root }: Run,
  image: Image,
  operation: OnImage,
  target: string,
): Promise<unknown> {
  switch (operation.kind) {
    case 'cache': {
      const { template, sizeBytes, fetches } = operation;
      const fetch = (path: string) => writeRaw(side.host, path, 4 * MiB, 0x54);
      return image.cache({ template, sizeBytes, ...(fetches ? { fetch } : {}) });
    }
    case 'create': {
      const { source, sizeBytes } = operation;
      if (source === 'blank') return image.createImage({ sizeBytes });
      if (source !== 'generated')
        return image.createImage({ file: `${root}/${source}`, sizeBytes });
      const prepare = (path: string) => writeRaw(side.host, path, 2 * MiB, 0x47);
      return image.createImage({ prepare, sizeBytes });
    }
    case 'clone': {
      const { of, snapshot, sizeBytes } = operation;
      return image.createImage({ snapshot: `${of}/disk@${snapshot}`, sizeBytes });
    }
    case 'resize':
      return image.resizeImage(operation.sizeBytes, { isRelative: operation.isRelative });
    case 'snapshot':
      return image.createSnap(operation.snapshot);
    case 'restore':
      return image.rollbackToSnap(operation.snapshot);
    case 'unsnapshot':
      return image.removeSnap(operation.snapshot);
    case 'export':
      return image.snapshotExtract(target, operation.format, { snapshot: operation.snapshot });
    case 'flatten':
      return image.flatten();
    case 'destroy':
      return image.destroy();
    case 'show':
      return image.info();
  }
}

/** Files from outside, made through the ports, so that both sides have the same. */
async function furnish(side: Side): Promise<Run> {
  const { host, directory: root } = side;
  for (const { name } of await host.filesystem.readDirectory(root)) {
    if (name === 'instances' || name.startsWith('export-')) {
      await host.filesystem.removeTree(`${root}/${name}`);
    }
  }
  if (!(await exists(host, `${root}/small.raw`))) await makeOutsideFiles(side);
  const backend = new Backend({ host, config: { instancesPath: `${root}/instances` } });
  return { side, backend, root };
}

async function makeOutsideFiles(side: Side): Promise<void> {
  const { host, directory: root } = side;
  await writeRaw(host, `${root}/small.raw`, 4 * MiB, 0x53);
  await writeRaw(host, `${root}/odd.raw`, 3 * MiB + 100, 0x4f);
  const create = async (...args: readonly string[]) => {
    const { exitCode, stderr } = await host.executor.run({
      file: 'qemu-img',
      args: ['create', '-q', '-f', 'qcow2', ...args],
    });
    if (exitCode !== 0) throw new Error(stderr);
  };
  await create(`${root}/big.qcow2`, String(8 * MiB));
  await side.write(`${root}/big.qcow2`, 'qcow2', { position: MiB, length: 65_536 }, 0x42);
  await create('-b', `${root}/small.raw`, '-F', 'raw', `${root}/leaning.qcow2`);
}

async function exists({ filesystem }: Host, path: string): Promise<boolean> {
  return filesystem.stat(path).then(
    () => true,
    () => false,
  );
}

/** A raw file with some data at its start and at 1 MiB. */
async function writeRaw(host: Host, path: string, sizeBytes: number, byte: number): Promise<void> {
  const handle = await host.filesystem.open(path, 'create');
  await handle.truncate(sizeBytes);
  await handle.write(new Uint8Array(65_536).fill(byte), 0);
  await handle.write(new Uint8Array(4096).fill(byte + 1), MiB);
  await handle.close();
}

/** Every name, with the kinds; locks are kept in ways of their own, and with them the directory that space is kept back in. */
async function filesBelow({ host, directory }: Side, path: string): Promise<readonly string[]> {
  const names: string[] = [];
  const visit = async (below: string): Promise<void> => {
    const entries = await host.filesystem.readDirectory(`${directory}/${below}`).catch(() => []);
    for (const { name, kind } of entries) {
      if (name === 'locks' || name === '.platter-reserve') continue;
      names.push(`${kind} ${below}/${name.replace(/[0-9a-f]{16}/, '{id}')}`);
      if (kind === 'directory') await visit(`${below}/${name}`);
    }
  };
  await visit(path);
  return names;
}
