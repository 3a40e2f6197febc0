import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import { templatePath } from '../model/layout.ts';
import type { Model } from '../model/model.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { perModel } from '../model/per-model.ts';
import type { OperationSpec } from '../scenarios/scenario.ts';
import { fingerprintFile } from '../volume/file-content.ts';

export const keptTemplates: Invariant = {
  id: 'kept-templates',
  description:
    'a template that was brought into the store, or used, survives a power cut whole; one that was removed does not come back',
  onChange(model, { meaning }) {
    // Who is at work on it has not said yet what becomes of it.
    if (meaning.kind === 'template') known(model).delete(meaning.path);
    return undefined;
  },
  onDone(model, run) {
    for (const name of templatesOf(run)) {
      if (isBusy(model, run, name)) continue;
      const path = templatePath(model.scenario, run.process.machine.index, name);
      known(model).set(path, { name, run, content: contentOf(model, path) });
    }
    return undefined;
  },
  onPowerCut(model) {
    for (const [path, { name, run, content }] of known(model)) {
      const now = contentOf(model, path);
      if (now === content) continue;
      const after = `after ${describeRun(run)} and a power cut template ${name}`;
      if (content === undefined) return `${after} is back`;
      return now === undefined ? `${after} is gone` : `${after} is not what it was`;
    }
    return undefined;
  },
};

interface Kept {
  readonly name: string;
  /** Who has said so. */
  readonly run: OperationRun;
  /** Fingerprint of its file; undefined where there is none. */
  readonly content: string | undefined;
}

/** By path. */
const known = perModel(() => new Map<string, Kept>());

function contentOf({ world: { volume } }: Model, path: string): string | undefined {
  const inode = volume.peek(path);
  return inode === undefined ? undefined : fingerprintFile(volume.content(inode));
}

/** Of which it has said what becomes of them. */
function templatesOf({ spec, before, result }: OperationRun): readonly string[] {
  switch (spec.kind) {
    case 'cache':
      // A disk that was there already needs none.
      return spec.other === undefined || before !== undefined ? [] : [spec.other];
    case 'add template':
    case 'verify template':
    case 'delete template':
      return [spec.subject];
    case 'prune':
      return (result as { removed: readonly string[] }).removed;
    default:
      return [];
  }
}

function isBusy(model: Model, run: OperationRun, name: string): boolean {
  return model.runs.some(
    (other) => other !== run && other.outcome === 'running' && concerns(other.spec, name),
  );
}

function concerns({ kind, subject, other }: OperationSpec, template: string): boolean {
  return kind === 'prune' || kind === 'recover' || subject === template || other === template;
}
