/** Somebody who is not platter, as an operator or another manager of machines, puts files there, or takes them away. */
import type { Prng } from '../schedule/prng.ts';
import {
  commonImage,
  contested,
  drawSetUp,
  kindsOfDuels,
  neighbour,
  onMachines,
  ways,
  type Ground,
  type Workload,
} from './ground.ts';
import { drawOperation } from './operations.ts';
import type { ClientSpec, OperationSpec, TemplateSpec } from './scenario.ts';

/** What nobody does through platter. */
export type ByStranger =
  'foreign file' | 'put template' | 'remove by hand' | 'remove store' | 'replace on web';

/** What they do to a disk that is made or removed, to a template, or to a disk that is there. */
export function drawAmongStrangers(prng: Prng, ground: Ground, template: TemplateSpec): Workload {
  const { hasFiles, canRemoveByHand } = ground;
  const way = prng.below(4);
  if (hasFiles && way < 2) return { clients: drawIntrusion(prng, ground) };
  if (canRemoveByHand && way === 2) return drawRemovalByHand(prng, ground, template);
  return { clients: drawAdoption(prng, ground) };
}

/** One or two make a disk, or make and remove it, and somebody who is not platter puts a file there meanwhile, or before. */
export function drawIntrusion(prng: Prng, { machines, templates }: Ground): readonly ClientSpec[] {
  const scripts = Array.from({ length: 1 + prng.below(2) }, () => {
    const drawn = drawOperation(prng, prng.pick(ways), { templates, images: [contested] });
    // A disk that is there and wanted larger is grown, whoever has made it.
    const { sizeBytes: _, ...made } = drawn;
    return [drawn.kind === 'cache' ? made : drawn];
  });
  const waits = prng.oneIn(2) ? { afterMs: prng.pick([10, 30, 1000]) } : {};
  const puts = { kind: 'foreign file', subject: contested, ...waits } as const;
  const [made = [], ...others] = scripts;
  const first = prng.oneIn(3) ? [...made, { kind: 'destroy', subject: contested } as const] : made;
  return onMachines(machines, [first, ...others, [puts]]);
}

const ofTemplates = ['cache', 'cache', 'verify template', 'delete template', 'prune'] as const;

/** Somebody puts a template into the store that others use meanwhile, or afterwards: nobody has looked at it. */
export function drawAdoption(prng: Prng, { machines, templates }: Ground): readonly ClientSpec[] {
  const template = prng.pick(templates);
  const subjects = { templates: [template], images: [commonImage, neighbour] };
  const scripts = Array.from({ length: 1 + prng.below(2) }, () =>
    Array.from({ length: 1 + prng.below(3) }, () =>
      drawOperation(prng, prng.pick(ofTemplates), subjects),
    ),
  );
  const puts = { kind: 'put template', subject: template.name } as const;
  if (prng.oneIn(2)) {
    const [first = [], ...others] = scripts;
    return onMachines(machines, [[puts, ...first], ...others]);
  }
  // Where it is fetched meanwhile, that is over then.
  const waits = { afterMs: (prng.oneIn(2) ? template.fetchMs : 0) + prng.pick([10, 30, 900]) };
  return onMachines(machines, [...scripts, [{ ...puts, ...waits }]]);
}

/** One or two work on a disk that somebody removes by hand: `rm vm1/disk`, and nothing of what is kept about it; or `rm -r vm1`. */
export function drawRemovalByHand(
  prng: Prng,
  { machines, hasFiles }: Ground,
  template: TemplateSpec,
): Workload {
  const ofInstance = hasFiles && prng.oneIn(3);
  const images = ofInstance ? [commonImage, commonImage, neighbour] : [commonImage];
  const subjects = { templates: [template], images };
  const scripts = Array.from({ length: 1 + prng.below(2) }, () =>
    Array.from({ length: 1 + prng.below(3) }, () =>
      drawOperation(prng, prng.pick(kindsOfDuels.image), subjects),
    ),
  );
  const waits = prng.oneIn(2) ? { afterMs: prng.pick([10, 30, 100, 1000]) } : {};
  const all = ofInstance ? { other: 'instance' } : {};
  const removes = { kind: 'remove by hand', subject: commonImage, ...all, ...waits } as const;
  return {
    setUp: drawSetUp(prng, template),
    clients: onMachines(machines, [...scripts, [removes]]),
  };
}

const afterLoss = ['add template', 'add template', 'cache', 'verify template', 'recover'] as const;

/**
 * Somebody removes all templates by hand under a disk that leans on one, and it is fetched again: as it was, or another
 * version that its publisher has put in its place meanwhile.
 */
export function drawLossOfStore(
  prng: Prng,
  { machines }: Ground,
  template: TemplateSpec,
): Workload {
  const { name } = template;
  const subjects = { templates: [template], images: ['vm2/disk'] };
  const further = Array.from({ length: 1 + prng.below(3) }, () => ({
    ...drawOperation(prng, prng.pick(afterLoss), subjects),
    isRetried: true,
  }));
  const replaces = { kind: 'replace on web', subject: name } as const;
  const script: readonly OperationSpec[] = [
    { kind: 'remove store', subject: '' },
    ...(prng.oneIn(3) ? [] : [replaces]),
    { kind: 'add template', subject: name, isRetried: true },
    ...further,
  ];
  return {
    setUp: [{ kind: 'cache', subject: commonImage, other: name }],
    clients: onMachines(machines, [script]),
  };
}
