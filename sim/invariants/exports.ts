import { describeRun, type Source } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import { outsidePath } from '../model/layout.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { bytesOf } from '../model/view.ts';
import { snapshotOf } from '../model/wanted.ts';

export const exports: Invariant = {
  id: 'exports',
  description: 'what is exported holds, durably, what the disk or its snapshot held',
  onDone(model, run) {
    if (run.spec.kind !== 'export' || !run.isAlone) return undefined;
    const wanted = exportedBy(run);
    if (wanted === undefined) return undefined;
    const { volume } = model.world;
    const name = `export-${run.number}`;
    const inode = volume.peek(`${outsidePath}/${name}`);
    if (inode === undefined) return `${describeRun(run)} has left no file`;
    const content = volume.content(inode);
    if (content.kind !== 'raw') return `${describeRun(run)} has left no raw file`;
    if (content.sizeBytes !== wanted.sizeBytes)
      return `${describeRun(run)} has ${content.sizeBytes} bytes instead of ${wanted.sizeBytes}`;
    if (bytesOf(content) !== wanted.bytes) return `${describeRun(run)} has another content`;
    if (inode.isDirty || volume.peek(outsidePath)?.pendingNames.has(name) === true)
      return `${describeRun(run)} is done, and a power cut may lose it`;
    return undefined;
  },
};

/** Undefined where there is no such disk or snapshot. */
function exportedBy({ before, spec }: OperationRun): Source | undefined {
  if (before === undefined) return undefined;
  const { other: snapshot } = spec;
  if (snapshot === undefined) return { sizeBytes: before.sizeBytes, bytes: before.guest };
  return snapshotOf(before, snapshot);
}
