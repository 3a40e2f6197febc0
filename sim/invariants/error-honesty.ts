import { creates, describeRun } from '../model/expected.ts';
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { hostileImage } from '../model/cluster-names.ts';
import type { DiskState } from '../model/view.ts';
import { snapshotOf } from '../model/wanted.ts';
import { losesStore, templateNamed } from '../scenarios/scenario.ts';

export const errorHonesty: Invariant = {
  id: 'error-honesty',
  description:
    'errors say what is so: no bug is dressed up, and no trouble is claimed that was not there',
  onFailed(model, run) {
    const { error } = run;
    if (error === undefined) return undefined;
    const what = `${describeRun(run)} failed with ${error.code} (${error.message})`;
    if (error.details['bug'] === true) return what;
    if (!run.isAlone) return undefined;
    return isTrue(model, run, error.code) ? undefined : `${what}, which is not so`;
  },
};

function isTrue(model: Model, run: OperationRun, code: string): boolean {
  const { spec, before } = run;
  switch (code) {
    case 'ALREADY_EXISTS':
      if (model.store.isTaken?.(spec.subject) === true) return true;
      return before !== undefined || spec.kind === 'add template';
    case 'NOT_FOUND':
      if (lacksKey(model, spec.subject)) return true;
      // A template that is missing is fetched. Whose files are with another now learns so, unless nobody answers.
      if (creates(spec) && !spec.kind.startsWith('clone'))
        return model.faults.some(({ kind }) => kind === 'server away');
      if (spec.subject === '') return model.faults.some(({ kind }) => kind === 'server away');
      return before === undefined || isMissing(model, run);
    // Nobody asks for nonsense here.
    case 'INVALID_ARGUMENT':
    case 'CONFIG_INVALID':
      return false;
    case 'CANNOT_SHRINK':
      return before !== undefined && (spec.sizeBytes ?? 0) < before.sizeBytes;
    case 'SIZE_TOO_SMALL':
      return run.source === undefined || (spec.sizeBytes ?? 0) < run.source.sizeBytes;
    case 'UNSAFE_IMAGE':
      return (
        spec.isHostile === true ||
        spec.other === hostileImage ||
        templateNamed(model.scenario, spec.other ?? spec.subject)?.hostile === true
      );
    case 'IN_USE':
      return !usesNobodysElse.has(spec.kind);
    case 'CANCELED':
      return spec.cancelAfterMs !== undefined || model.faults.length > 0;
    case 'CORRUPT':
      // It is taken for the image that its name tells of.
      return model.faults.length > 0 || model.store.isTaken?.(spec.subject) === true;
    // Somebody else is at work, or was.
    case 'LOCKED':
      return model.faults.length > 0 || model.scenario.clients.length > 1;
    case 'FORMAT_MISMATCH':
      return model.faults.length > 0 || spec.other === hostileImage;
    case 'TEMPLATE_CHANGED':
      // Whose lock was taken for stale finds that others use what it looks at.
      return (
        model.faults.length > 0 ||
        losesStore(model.scenario) ||
        model.scenario.machines.some(({ offsetMs }) => offsetMs !== 0)
      );
    case 'UNREACHABLE':
    case 'TOOL_FAILED':
    case 'TOOL_MISSING':
    case 'OUTCOME_UNKNOWN':
    case 'PERMISSION_DENIED':
    case 'TIMED_OUT':
      return model.faults.length > 0;
    case 'NO_SPACE':
      return (
        model.faults.length > 0 ||
        model.store.mayRunOut ||
        model.scenario.volume.capacityBytes < 2 ** 40
      );
    default:
      return true;
  }
}

/** What can be done whoever has the disk open, or leans on it; or makes another. */
const usesNobodysElse: ReadonlySet<string> = new Set([
  'create blank',
  'create generated',
  'import',
  'clone',
  'clone image',
  'direct snapshot',
  'show',
  'list',
  'prune',
]);

/** What the operation needs besides its disk. */
function isMissing({ templates }: Model, { spec, before, source }: OperationRun): boolean {
  const { kind, other = '' } = spec;
  switch (kind) {
    case 'clone':
      return source === undefined;
    case 'clone image':
      return source === undefined || ![...templates.values()].includes(other);
    case 'restore snapshot':
    case 'delete snapshot':
      return !hasSnapshot(before, other);
    case 'export':
      return other !== '' && !hasSnapshot(before, other);
    default:
      return kind.endsWith(' template');
  }
}

function hasSnapshot(state: DiskState | undefined, name: string): boolean {
  return state !== undefined && snapshotOf(state, name) !== undefined;
}

/** Of an encrypted disk, whose instance has no secret. */
function lacksKey({ scenario: { encryption } }: Model, address: string): boolean {
  return encryption !== undefined && !((address.split('/')[0] ?? '') in encryption.keys);
}
