/** Random sequences of tool calls on the simulated and the real host, compared after each. */
import { managed } from '../../src/ingress/proven.ts';
import type { Command } from '../../src/ports/executor.ts';
import { cpSparse } from '../../src/tools/coreutils/cp.ts';
import {
  qemuImgConvert,
  qemuImgInfo,
  qemuImgRepairLeaks,
  qemuImgResize,
  qemuImgSnapshot,
} from '../../src/tools/qemu-img/argv.ts';
import { classifyQemuImgFailure, hasQemuImgSucceeded } from '../../src/tools/qemu-img/errors.ts';
import type { ToolFormat } from '../../src/inspector/inspect.ts';
import { count, type Tally } from './budget.ts';
import {
  askBoth,
  compareAllocated,
  compareContents,
  Difference,
  fileState,
  requireSame,
  type FileState,
  type Sides,
} from './compare.ts';
import type { Side } from './side.ts';
import { formatOf, toolFiles, type ToolOperation } from './tool-operations.ts';

/** What is known of the files from the last comparison. */
interface Known {
  readonly states: Map<string, FileState>;
  /** Writes of guests into each, for the tolerance of allocated sizes. */
  readonly writes: Map<string, number>;
  /** Files whose allocated sizes are not compared: compressed, or with written zeros, which the tools dig out. */
  readonly uneven: Set<string>;
}

export async function compareToolCalls(
  sides: Sides,
  operations: readonly ToolOperation[],
  tally: Tally,
): Promise<void> {
  const known: Known = { states: new Map(), writes: new Map(), uneven: new Set() };
  for (const [index, operation] of operations.entries()) {
    if (!makesSense(known, operation)) continue;
    try {
      await compareOne(sides, known, operation, tally);
    } catch (error) {
      if (!(error instanceof Difference)) throw error;
      throw new Difference(
        `operation ${index + 1}, ${JSON.stringify(operation)}: ${error.message}`,
      );
    }
  }
  for (const name of toolFiles) {
    if (known.states.get(name)?.kind === 'qcow2') await compareVerdicts(sides, name);
  }
}

async function compareOne(
  sides: Sides,
  known: Known,
  operation: ToolOperation,
  tally: Tally,
): Promise<void> {
  const outcome = await askBoth(sides, (side) => perform(side, known, operation));
  requireSame('outcome', sides, outcome);
  count(tally, operation.kind, outcome.real.result === 'done');
  const name = changedBy(operation);
  if (name === undefined) return;
  remember(known, operation, name);
  const format = formatOf(name);
  const states = await askBoth(sides, (side) =>
    fileState(side, `${side.directory}/${name}`, format),
  );
  requireSame(`state of ${name}`, sides, states);
  known.states.set(name, states.real);
  if (states.real.kind !== format) return;
  await compareContents(sides, name, format);
  if (!known.uneven.has(name)) {
    await compareAllocated(sides, name, states.real, known.writes.get(name) ?? 0);
  }
}

interface Outcome {
  readonly exitCode: number | null;
  /** `done`, or the code that the engine gives the failure. */
  readonly result: string;
  readonly facts?: unknown;
}

async function perform(side: Side, known: Known, operation: ToolOperation): Promise<Outcome> {
  const at = (name: string) => `${side.directory}/${name}`;
  if (operation.kind === 'write') {
    const { of, position, length, byte } = operation;
    const isWritten = await side.write(at(of), formatOf(of), { position, length }, byte);
    return { exitCode: null, result: isWritten ? 'done' : 'refused' };
  }
  if (operation.kind === 'remove') {
    const isGone = await side.host.filesystem.unlink(at(operation.of)).then(
      () => true,
      () => false,
    );
    return { exitCode: null, result: isGone ? 'done' : 'refused' };
  }
  const result = await side.host.executor.run(commandOf(side, known, operation));
  const hasSucceeded =
    operation.kind === 'cp' ? result.exitCode === 0 : hasQemuImgSucceeded(result);
  const failure = operation.kind === 'cp' ? 'failed' : classifyQemuImgFailure(result);
  return {
    exitCode: result.exitCode,
    result: hasSucceeded ? 'done' : failure,
    ...(operation.kind === 'info' && hasSucceeded ? { facts: infoFacts(result.stdout) } : {}),
  };
}

function commandOf(
  side: Side,
  known: Known,
  operation: Exclude<ToolOperation, { kind: 'write' | 'remove' }>,
): Command {
  const at = (name: string) => `${side.directory}/${name}`;
  const image = (name: string, format = formatOf(name)) =>
    managed(at(name), format as ToolFormat, 0);
  switch (operation.kind) {
    case 'create': {
      const { to, size, cluster } = operation;
      const isQcow2 = formatOf(to) === 'qcow2';
      const layout = cluster === '' || !isQcow2 ? [] : ['-o', `cluster_size=${cluster}`];
      return qemuImg('create', '-q', '-f', formatOf(to), ...layout, at(to), size);
    }
    case 'overlay': {
      const { to, base, declared, size, isUnsafe } = operation;
      const format = declared === 'right' ? formatOf(base) : declared;
      const leaning = ['-b', at(base), ...(format === '' ? [] : ['-F', format])];
      const sized = size === null ? [] : [size];
      const mode = isUnsafe ? ['-u'] : [];
      return qemuImg('create', '-q', ...mode, '-f', 'qcow2', ...leaning, at(to), ...sized);
    }
    case 'convert': {
      const { from, to, snapshot, leans, into, compress } = operation;
      const backing =
        leans && formatOf(to) === 'qcow2' && !into ? known.states.get(from) : undefined;
      const name = backing?.backing?.slice(backing.backing.lastIndexOf('/') + 1);
      return qemuImgConvert({
        source: image(from),
        target: at(to),
        targetFormat: formatOf(to),
        intoExisting: into,
        compress: compress && !into && formatOf(to) === 'qcow2',
        ...(snapshot === null || formatOf(from) === 'raw' ? {} : { snapshot }),
        ...(name === undefined ? {} : { backing: image(name, backing?.backingFormat ?? 'raw') }),
      });
    }
    case 'resize': {
      const { of, size, shrink, opensChain } = operation;
      const command = qemuImgResize(image(of), 0, { mayShrink: shrink, opensChain });
      return { ...command, args: [...command.args.slice(0, -1), size] };
    }
    case 'snapshot': {
      const action = ({ '-c': 'create', '-a': 'apply', '-d': 'delete' } as const)[operation.action];
      return qemuImgSnapshot(action, image(operation.of), operation.name);
    }
    case 'info': {
      const { of, format } = operation;
      return qemuImgInfo(image(of, format === 'right' ? formatOf(of) : format));
    }
    case 'check': {
      const { of, format, repair } = operation;
      const command = qemuImgRepairLeaks(image(of, format === 'right' ? formatOf(of) : format));
      if (repair) return command;
      return { ...command, args: command.args.filter((arg) => arg !== '-r' && arg !== 'leaks') };
    }
    case 'cp':
      return cpSparse(at(operation.from), at(operation.to));
    case 'wrong':
      return qemuImg(...operation.args.map((arg) => arg.replaceAll('{dir}', side.directory)));
  }
}

const qemuImg = (...args: string[]): Command => ({ file: 'qemu-img', args });

function infoFacts(stdout: string): unknown {
  const info = JSON.parse(stdout) as Record<string, unknown>;
  const snapshots = (info['snapshots'] ?? []) as readonly Record<string, unknown>[];
  return {
    format: info['format'],
    virtualSize: info['virtual-size'],
    backing: info['backing-filename'] ?? null,
    backingFormat: info['backing-filename-format'] ?? null,
    snapshots: snapshots.map(({ id, name }) => [id, name]),
    dirty: info['dirty-flag'],
  };
}

/** What `info` and `check` of qemu-img say at the end. */
async function compareVerdicts(sides: Sides, name: string): Promise<void> {
  const verdicts = await askBoth(sides, async (side) => {
    const path = `${side.directory}/${name}`;
    const args = ['--output=json', '-f', 'qcow2', path];
    const info = await side.host.executor.run(qemuImg('info', ...args));
    const check = await side.host.executor.run(qemuImg('check', '-q', ...args));
    return {
      info: info.exitCode === 0 ? infoFacts(info.stdout) : classifyQemuImgFailure(info),
      check: check.exitCode,
    };
  });
  requireSame(`info and check of ${name}`, sides, verdicts);
}

/** The file that an operation changes. */
function changedBy(operation: ToolOperation): string | undefined {
  switch (operation.kind) {
    case 'create':
    case 'overlay':
    case 'convert':
    case 'cp':
      return operation.to;
    case 'resize':
    case 'snapshot':
    case 'write':
    case 'remove':
    case 'check':
      return operation.of === 'missing.raw' ? undefined : operation.of;
    case 'info':
    case 'wrong':
      return undefined;
  }
}

/**
 * Left out is what the engine never does and what has no defined result: changing a file that another leans on, and
 * copying the bytes of a file of one format onto the name of another.
 */
function makesSense({ states }: Known, operation: ToolOperation): boolean {
  const name = changedBy(operation);
  const isBase = [...states.values()].some(({ backing }) => backing?.endsWith(`/${name}`));
  if (isBase && operation.kind !== 'check') return false;
  if (operation.kind === 'cp') {
    return formatOf(operation.from) === formatOf(operation.to) && operation.from !== operation.to;
  }
  if (operation.kind !== 'overlay') return true;
  const { base, declared, to } = operation;
  const readsAsRaw = declared === '' && formatOf(base) === 'qcow2';
  return base !== to && !readsAsRaw;
}

function remember(known: Known, operation: ToolOperation, name: string): void {
  const { writes, uneven } = known;
  switch (operation.kind) {
    case 'write':
      writes.set(name, (writes.get(name) ?? 0) + 1);
      if (operation.byte === 0) uneven.add(name);
      return;
    case 'convert':
    case 'cp':
      writes.set(name, (writes.get(operation.from) ?? 0) + 1);
      uneven.delete(name);
      if (uneven.has(operation.from)) uneven.add(name);
      if (operation.kind === 'convert' && (operation.compress || operation.into)) uneven.add(name);
      return;
    case 'create':
    case 'overlay':
    case 'remove':
      writes.delete(name);
      uneven.delete(name);
      return;
    default:
      return;
  }
}
