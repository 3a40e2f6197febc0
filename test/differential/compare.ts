/** What is compared of the two sides, and how a difference is told. */
import { describeQcow2 } from '../../src/images/files/qcow2-state.ts';
import { codeOf } from '../contract/world.ts';
import { sampledPositions, type Side } from './side.ts';

export class Difference extends Error {}

export interface Sides {
  readonly sim: Side;
  readonly real: Side;
}

/** Throws when the two values differ; paths of a side's directory count as equal. */
export function requireSame(what: string, sides: Sides, values: { sim: unknown; real: unknown }) {
  const spelled = {
    sim: JSON.stringify(values.sim).replaceAll(sides.sim.directory, '{dir}'),
    real: JSON.stringify(values.real).replaceAll(sides.real.directory, '{dir}'),
  };
  if (spelled.sim === spelled.real) return;
  throw new Difference(`${what}:\n  real:      ${spelled.real}\n  simulated: ${spelled.sim}`);
}

/** The same question to both. */
export async function askBoth<Answer>(
  { sim, real }: Sides,
  ask: (side: Side) => Promise<Answer>,
): Promise<{ sim: Answer; real: Answer }> {
  return { real: await ask(real), sim: await ask(sim) };
}

export interface FileState {
  readonly kind: string;
  /** Raw files: their length. qcow2 files differ in layout, which is nobody's business. */
  readonly lengthBytes?: number;
  readonly virtualSizeBytes?: number;
  readonly clusterSizeBytes?: number;
  readonly backing?: string | null;
  readonly backingFormat?: string | null;
  readonly snapshots?: readonly { id: string; name: string; sizeBytes: number }[];
}

/** What a file is, read without a tool by platter's own parsers. */
export async function fileState(side: Side, path: string, format: string): Promise<FileState> {
  const { filesystem } = side.host;
  const stat = await filesystem.stat(path).catch(() => undefined);
  if (stat === undefined) return { kind: 'missing' };
  if (format !== 'qcow2') return { kind: 'raw', lengthBytes: stat.sizeBytes };
  const code = await codeOf(describeQcow2(filesystem, path));
  if (code !== undefined) return { kind: code };
  const { snapshots, ...state } = await describeQcow2(filesystem, path);
  const kept = snapshots.map(({ id, name, sizeBytes }) => ({ id, name, sizeBytes }));
  return { kind: 'qcow2', ...state, snapshots: kept };
}

export async function compareContents(sides: Sides, name: string, format: string): Promise<void> {
  const bytes = await askBoth(sides, (side) =>
    side.bytesAt(`${side.directory}/${name}`, format, sampledPositions),
  );
  const { sim, real } = bytes;
  if (sim === undefined || real === undefined) {
    requireSame(`${name} can be opened`, sides, {
      sim: sim !== undefined,
      real: real !== undefined,
    });
    return;
  }
  const wrong = sampledPositions.filter((_, index) => sim[index] !== real[index]);
  if (wrong.length === 0) return;
  const told = wrong.slice(0, 6).map((position) => {
    const index = sampledPositions.indexOf(position);
    return `at ${position} real ${real[index]}, simulated ${sim[index]}`;
  });
  throw new Difference(`content of ${name}: ${told.join('; ')}`);
}

const KiB = 1024;

/**
 * Allocated sizes may differ by what the layouts do. Raw: a run at each end of a write, and the first page, which
 * qemu-img writes. qcow2: metadata (header, refcounts, L1, L2) of 8 clusters, and 4 more for each snapshot.
 */
export async function compareAllocated(
  sides: Sides,
  path: string,
  { kind, snapshots = [], clusterSizeBytes = 64 * KiB }: FileState,
  writes: number,
): Promise<void> {
  const { sim, real } = await askBoth(
    sides,
    async ({ host, directory }) =>
      (await host.filesystem.stat(`${directory}/${path}`)).allocatedBytes,
  );
  const tolerance =
    kind === 'qcow2'
      ? (8 + 4 * snapshots.length) * clusterSizeBytes
      : 2 * sides.real.runBytes * (writes + 1);
  if (Math.abs(sim - real) <= tolerance) return;
  throw new Difference(
    `allocated size of ${path}: real ${real}, simulated ${sim}, more than ${tolerance} apart`,
  );
}
