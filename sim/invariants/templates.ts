import { describeRun } from '../model/expected.ts';
import { nameOf } from '../cluster/namespace.ts';
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { isWhole } from '../model/stored-templates.ts';
import { templateNamed } from '../scenarios/scenario.ts';

export const templatesAreImmutable: Invariant = {
  id: 'template-immutable',
  description:
    'a template appears whole, never changes, and goes only when it is deleted and nothing leans on it',
  onChange(model, { kind, meaning, run, inode }) {
    if (meaning.kind !== 'template') return undefined;
    const { name } = meaning;
    if (kind === 'vanish') {
      const leaning = leaningOn(model, name).filter((one) => !(run && hadNothing(run, name, one)));
      if (leaning.length > 0 && run?.spec.kind !== 'remove store')
        return `template ${name} vanishes while ${leaning.join(', ')} leans on it`;
      const { kind: by = 'delete template' } = run?.spec ?? {};
      return mayTakeAway.has(by) || run === undefined
        ? undefined
        : `template ${name} vanishes by ${describeRun(run)}`;
    }
    if (run !== undefined) noteDisksWithout(model, run, name);
    const spec = templateNamed(model.scenario, name);
    if (spec === undefined) return `a template ${name} appears that nobody knows`;
    if (run?.spec.kind === 'put template') return undefined;
    if (spec.hostile) return `the hostile template ${name} is taken`;
    return isWhole(model, spec, inode) ? undefined : `template ${name} is not what was fetched`;
  },
};

/** By who brought a template, and its name: the disks that leaned on nothing before, and may do so when it is undone. */
const without = new WeakMap<OperationRun, Map<string, readonly string[]>>();

function noteDisksWithout(model: Model, run: OperationRun, name: string): void {
  const known = without.get(run) ?? new Map<string, readonly string[]>();
  without.set(run, known.set(name, leaningOn(model, name)));
}

function hadNothing(run: OperationRun, name: string, disk: string): boolean {
  return without.get(run)?.get(name)?.includes(disk) === true;
}

const mayTakeAway: ReadonlySet<string> = new Set([
  'delete template',
  'prune',
  // What they have put there themselves.
  'add template',
  'cache',
  'recover',
  'remove store',
]);

function leaningOn(model: Model, name: string): readonly string[] {
  const leaning: string[] = [];
  for (const [address, { content }] of model.disks) {
    if (content.kind === 'qcow2' && content.backing?.path === `/i/_base/${name}`)
      leaning.push(address);
  }
  // Where each host has a store of its own, clones lean on what is in the cluster alone.
  return model.isApart ? leaning : [...leaning, ...clonesOf(model, name)];
}

/** Images of a cluster that are clones of the template that was brought there. */
function clonesOf({ world: { stores } }: Model, name: string): readonly string[] {
  const clones: string[] = [];
  for (const image of stores.cluster?.images() ?? []) {
    const own = nameOf(image);
    const origin = image.parent === undefined ? undefined : nameOf(image.parent.image);
    if (own === undefined || own.startsWith('_')) continue;
    if (origin?.startsWith(`_base.${name}.`) === true) clones.push(own);
  }
  return clones;
}
