/** Draws who does what: a set-up, and the programs of the clients. */
import { Prng } from '../schedule/prng.ts';
import {
  commonImage,
  contested,
  drawSetUp,
  kindsOfDuels,
  neighbour,
  neighbourhoods,
  onMachines,
  ways,
  type Ground,
  type Workload,
} from './ground.ts';
import { ofSharedStorage } from './image-service.ts';
import {
  drawAdoption,
  drawAmongStrangers,
  drawIntrusion,
  drawLossOfStore,
  drawRemovalByHand,
  type ByStranger,
} from './intrusion.ts';
import { drawOperation, drawStory } from './operations.ts';
import { drawRestart } from './restart.ts';
import { withHostile } from './twists.ts';
import { queryForNext } from './web.ts';
import type { ClientSpec, OperationKind, OperationSpec, TemplateSpec } from './scenario.ts';

/** How often each kind comes, before a run draws its own subset. */
const weights: Readonly<Record<Exclude<OperationKind, ByStranger>, number>> = {
  cache: 10,
  'create blank': 2,
  'create generated': 1,
  import: 1,
  'import file': 1,
  resize: 5,
  'create snapshot': 5,
  'restore snapshot': 4,
  'delete snapshot': 2,
  flatten: 2,
  clone: 2,
  'clone image': 2,
  'direct snapshot': 2,
  'clean up image': 1,
  export: 1,
  destroy: 4,
  show: 1,
  list: 1,
  'guest write': 4,
  'add template': 2,
  'delete template': 2,
  'verify template': 1,
  prune: 1,
  recover: 1,
};

/** Everybody at work on what they make themselves, or on what is there already; or a few who want the same at once. */
export function drawWorkload(seed: number, prng: Prng, ground: Ground): Workload {
  if (ground.isApart) return { clients: drawStrangers(new Prng(seed, 'strangers'), ground) };
  const template = ground.templates.find(({ hostile }) => !hostile);
  const restart = new Prng(seed, 'restart');
  if (template !== undefined) {
    if (ground.only === 'restarts') return drawRestart(restart, ground, template);
    if (ground.only === 'intrusions')
      return drawAmongStrangers(new Prng(seed, 'intrusion'), ground, template);
  }
  const foreign = new Prng(seed, 'foreign file');
  if (ground.hasFiles && foreign.oneIn(12)) return { clients: drawIntrusion(foreign, ground) };
  const removal = new Prng(seed, 'removal');
  const own = new Prng(seed, 'set up');
  const byHand = new Prng(seed, 'by hand');
  if (ground.canRemoveByHand && template !== undefined && byHand.oneIn(12)) {
    return drawRemovalByHand(byHand, ground, template);
  }
  const adoption = new Prng(seed, 'adoption');
  if (adoption.oneIn(14)) return { clients: drawAdoption(adoption, ground) };
  const downloaded = ground.templates.find(({ isOnWeb }) => isOnWeb === true);
  const loss = new Prng(seed, 'loss of the store');
  if (ground.hasFiles && downloaded !== undefined && loss.oneIn(5)) {
    return drawLossOfStore(loss, ground, downloaded);
  }
  const downloads = new Prng(seed, 'downloads');
  if (downloaded !== undefined && downloads.oneIn(2)) {
    return { clients: drawDownloads(downloads, ground, downloaded) };
  }
  if (template !== undefined && removal.oneIn(8)) return drawRemoval(removal, ground, template);
  if (template !== undefined && restart.oneIn(12)) return drawRestart(restart, ground, template);
  const together = new Prng(seed, 'disks of an instance');
  if (template !== undefined && together.oneIn(8)) {
    return drawInstanceDuel(together, ground, template);
  }
  if (template !== undefined && own.oneIn(3)) return drawDuel(own, ground, template);
  const setUp = template !== undefined && own.oneIn(3) ? drawSetUp(own, template) : [];
  const clients = drawClients(prng, ground, setUp.length > 0);
  return {
    ...(setUp.length === 0 ? {} : { setUp }),
    clients: withHostile(new Prng(seed, 'hostile'), clients),
  };
}

const ofDownloads: readonly OperationKind[] = [
  'add template',
  'add template',
  'add template',
  'cache',
  'delete template',
  'prune',
  'recover',
];

/** A template is fetched, by several at once, again where it was broken off, and used. */
function drawDownloads(
  prng: Prng,
  { machines }: Ground,
  template: TemplateSpec,
): readonly ClientSpec[] {
  const subjects = { templates: [template], images: [commonImage, neighbour] };
  const replaces = { kind: 'replace on web', subject: template.name } as const;
  const publisher = { ...replaces, afterMs: prng.pick([1, 2, 300]) };
  const hasQueries = prng.oneIn(4);
  const scripts = Array.from({ length: 1 + prng.below(3) }, (): readonly OperationSpec[] =>
    Array.from({ length: 1 + prng.below(3) }, () =>
      // Whoever dies of it comes back and goes on.
      ({
        ...withQuery(prng, drawOperation(prng, prng.pick(ofDownloads), subjects), hasQueries),
        isRetried: true,
      }),
    ),
  );
  if (prng.oneIn(4)) return onMachines(machines, scripts);
  // Some take it back.
  const again = prng.oneIn(2) ? [{ ...replaces, afterMs: prng.pick([1, 10, 300]) }] : [];
  return onMachines(machines, [...scripts, [publisher, ...again]]);
}

function withQuery(prng: Prng, spec: OperationSpec, hasQueries: boolean): OperationSpec {
  const isAsked = hasQueries && spec.kind === 'add template' && prng.oneIn(2);
  return isAsked ? { ...spec, other: queryForNext } : spec;
}

/** A template that nobody uses any more, also where storage has a copy of its own, and a disk that is none of it. */
function unused({ name }: TemplateSpec): readonly OperationSpec[] {
  return [
    { kind: 'cache', subject: commonImage, other: name },
    { kind: 'destroy', subject: commonImage },
    { kind: 'create blank', subject: 'vm2/disk', sizeBytes: 2 ** 24 },
  ];
}

/** Operations of two kinds, begun at once by two or three clients, on one image or template that is there. */
function drawDuel(
  prng: Prng,
  { machines, sharesImages }: Ground,
  template: TemplateSpec,
): Workload {
  const ofTemplate = prng.oneIn(3) ? 'template' : 'image';
  const about = sharesImages && prng.oneIn(3) ? 'service' : ofTemplate;
  const pair = [prng.pick(kindsOfDuels[about]), prng.pick(kindsOfDuels[about])];
  const subjects = { templates: [template], images: [commonImage] };
  const scripts = Array.from({ length: 2 + prng.below(2) }, (_, client) =>
    Array.from({ length: 1 + prng.below(2) }, (_one, index) => {
      const first = index === 0 ? pair[client] : undefined;
      return drawOperation(prng, first ?? prng.pick(pair), subjects);
    }),
  );
  return {
    setUp: about === 'template' ? unused(template) : drawSetUp(prng, template),
    clients: onMachines(machines, scripts),
  };
}

/**
 * Each host works on disks of its own, on templates that all of them bring to the cluster; and on making one disk. Nothing
 * but that is promised where several hosts work on one image, and know of each other only by the cluster.
 */
function drawStrangers(prng: Prng, ground: Ground): readonly ClientSpec[] {
  const { machines, templates } = ground;
  if (prng.oneIn(2)) return drawRace(prng, ground);
  const kinds = drawKinds(prng, ground).filter((kind) => !kind.startsWith('clone'));
  const scripts = Array.from({ length: machines + prng.below(2) }, (_, client) => {
    const images = [`vm${(client % machines) + 1}/disk`];
    const story: OperationSpec[] = [];
    for (let index = 1 + prng.below(4); index > 0; index -= 1) {
      if (prng.oneIn(3)) {
        story.push(drawOperation(prng, prng.pick(ways), { templates, images: [contested] }));
      } else {
        const kind = prng.oneIn(2) ? 'cache' : prng.pick(kinds);
        story.push(...drawStory(prng, drawOperation(prng, kind, { templates, images })));
      }
    }
    return story;
  });
  return onMachines(machines, scripts);
}

/** All of them begin at once, in the same way: one disk, or one each of a template that is not in the cluster yet. */
function drawRace(prng: Prng, { machines, templates }: Ground): readonly ClientSpec[] {
  const image = prng.oneIn(2) ? contested : undefined;
  const first = drawOperation(prng, prng.pick(ways), { templates, images: [contested] });
  const { afterMs: _, ...sameForAll } = first;
  const scripts = Array.from({ length: machines }, (_one, machine) => {
    const subject = image ?? `vm${machine + 1}/disk`;
    const makes = { ...sameForAll, subject };
    return prng.oneIn(3) ? [makes, { kind: 'show', subject } as const] : [makes];
  });
  return onMachines(machines, scripts);
}

/**
 * A disk with a snapshot is destroyed, or the disk that was cloned from that; a machine may be started on it meanwhile, and
 * be up when whoever comes next deals with what was cut off.
 */
function drawRemoval(prng: Prng, { machines }: Ground, { name }: TemplateSpec): Workload {
  const clone = 'vm2/disk';
  const hasClone = prng.oneIn(2);
  const subject = hasClone && prng.oneIn(4) ? clone : commonImage;
  const next = prng.pick(['recover', 'destroy', 'cache', 'show'] as const);
  const starts = { kind: 'guest write', subject, pattern: 500 } as const;
  const afterMs = prng.oneIn(4) ? 1 + prng.below(30) : 100 + prng.below(120);
  const meanwhile = { ...starts, afterMs, runsMs: 120_000 };
  return {
    setUp: [
      { kind: 'cache', subject: commonImage, other: name },
      { kind: 'create snapshot', subject: commonImage, other: 's1' },
      ...(hasClone ? [{ kind: 'clone', subject: clone, other: `${commonImage}@s1` } as const] : []),
    ],
    clients: onMachines(machines, [
      [
        { kind: 'destroy', subject },
        {
          kind: next,
          subject: next === 'recover' ? '' : subject,
          ...(next === 'cache' ? { other: name } : {}),
        },
      ],
      ...(hasClone && !prng.oneIn(3) ? [] : [[meanwhile]]),
    ]),
  };
}

/** Beside the first disk of their instance. */
const furtherDisks = [neighbour, 'vm1/disk.swap', 'vm1/disk.eph1'] as const;

/**
 * Two or three clients do the same at once, each to a disk of its own of one instance: they come to what the disks share
 * within few steps of each other, so none waits before it begins, or gives up.
 */
function drawInstanceDuel(prng: Prng, { machines }: Ground, template: TemplateSpec): Workload {
  const first: OperationSpec = { kind: 'cache', subject: commonImage, other: template.name };
  const kind = prng.pick(['cache', 'create blank', 'import'] as const);
  const isEnded = prng.oneIn(3);
  const scripts = furtherDisks.slice(0, 2 + prng.below(2)).map((subject): OperationSpec[] => {
    const drawn = drawOperation(prng, kind, { templates: [template], images: [subject] });
    const { afterMs: _waits, cancelAfterMs: _givesUp, ...made } = drawn;
    return isEnded ? [made, { kind: 'destroy', subject }] : [made];
  });
  return {
    ...(prng.oneIn(3) ? {} : { setUp: [first] }),
    clients: onMachines(machines, scripts),
  };
}

function drawClients(prng: Prng, ground: Ground, isPrepared: boolean): readonly ClientSpec[] {
  const { machines, templates } = ground;
  const clients = 1 + prng.below(3);
  const total = (isPrepared ? 2 : 4) + prng.below(5);
  const kinds = drawKinds(prng, ground);
  const images = prng.pick<readonly string[]>(neighbourhoods);
  const scripts: OperationSpec[][] = Array.from({ length: clients }, () => []);
  let drawn = 0;
  for (let index = 0; drawn < total; index += 1) {
    // Whoever begins mostly makes a disk, so that there is something to work on.
    const makes = index < clients && !isPrepared && !prng.oneIn(4);
    const kind = makes ? 'cache' : prng.pick(kinds);
    const story = drawStory(prng, drawOperation(prng, kind, { templates, images }));
    scripts[index % clients]?.push(...story);
    drawn += story.length;
  }
  return onMachines(machines, scripts);
}

/** Many kinds, or only a few: those then meet each other more often. */
function drawKinds(prng: Prng, { sharesImages }: Ground): readonly OperationKind[] {
  const weighed = (Object.entries(weights) as [OperationKind, number][]).filter(
    ([kind]) => sharesImages || !ofSharedStorage.has(kind),
  );
  if (prng.oneIn(4)) {
    const all = weighed.map(([kind]) => kind);
    return ['cache', prng.pick(all), prng.pick(all)];
  }
  const kinds: OperationKind[] = [];
  for (const [kind, weight] of weighed) {
    const share = prng.oneIn(3) ? 0 : weight * (1 + prng.below(3));
    for (let index = 0; index < share; index += 1) kinds.push(kind);
  }
  return kinds.length === 0 ? ['cache'] : kinds;
}
