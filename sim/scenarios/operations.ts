/** Draws operations, and what makes sense only after something else with that before it. */
import type { Prng } from '../schedule/prng.ts';
import { beforeService, drawServiceImage } from './image-service.ts';
import type { OperationKind, OperationSpec, TemplateSpec } from './scenario.ts';

const MiB = 2 ** 20;

/** What operations are drawn for. */
interface Subjects {
  readonly templates: readonly TemplateSpec[];
  readonly images: readonly string[];
}

// One is named as qemu-img numbers them.
const snapshots = ['s1', 's1', 's2', '1'];
const sizes = [undefined, 8 * MiB, 16 * MiB, 32 * MiB, 64 * MiB, 1024 * MiB, 20 * MiB + 1];

export function drawOperation(
  prng: Prng,
  kind: OperationKind,
  { templates, images }: Subjects,
): OperationSpec {
  const template = prng.pick(templates).name;
  const spec: OperationSpec = {
    kind,
    subject: subjectOf(prng, kind, { template, images }),
    ...(prng.oneIn(3) ? { afterMs: prng.pick([10, 1000, 8000]) } : {}),
    ...(prng.oneIn(2) ? { isRetried: true } : {}),
    ...(prng.oneIn(12) ? { cancelAfterMs: prng.pick([1, 30, 1500]) } : {}),
  };
  const sizeBytes = prng.pick(sizes);
  const sized = sizeBytes === undefined ? {} : { sizeBytes };
  switch (kind) {
    case 'cache':
      return { ...spec, ...sized, other: template };
    case 'create blank':
    case 'resize':
      return { ...spec, sizeBytes: sizeBytes ?? 24 * MiB };
    case 'create generated':
    case 'import':
      return { ...spec, ...sized, pattern: 200 + prng.below(50) };
    case 'import file':
      return { ...spec, pattern: 200 + prng.below(50) };
    case 'create snapshot':
    case 'restore snapshot':
    case 'delete snapshot':
      return { ...spec, other: prng.pick(snapshots) };
    case 'clone':
      return {
        ...spec,
        ...sized,
        // Mostly not over what it comes from.
        subject: prng.oneIn(3) ? spec.subject : 'vm2/disk',
        other: `${prng.pick(images)}@${prng.pick(snapshots)}`,
      };
    case 'clone image':
    case 'direct snapshot':
    case 'clean up image':
      return {
        ...spec,
        ...(kind === 'clone image' ? { subject: 'vm2/disk' } : {}),
        other: drawServiceImage(prng, kind, template),
      };
    case 'export':
      return { ...spec, ...(prng.oneIn(2) ? { other: prng.pick(snapshots) } : {}) };
    case 'guest write':
      // Some machines stay up while others work.
      return {
        ...spec,
        pattern: 300 + prng.below(200),
        ...(prng.oneIn(4) ? { runsMs: 30_000 } : {}),
      };
    default:
      return spec;
  }
}

function subjectOf(
  prng: Prng,
  kind: OperationKind,
  { template, images }: { template: string; images: readonly string[] },
): string {
  if (kind.endsWith(' template')) return template;
  const image = prng.pick(images);
  return kind === 'prune' ? '' : image;
}

/** What makes sense only after something else often has that before it. */
export function drawStory(prng: Prng, last: OperationSpec): readonly OperationSpec[] {
  // There is hardly ever a snapshot to bring back by chance.
  if (last.kind !== 'restore snapshot' && !prng.oneIn(2)) return [last];
  const { subject, other = '' } = last;
  const write = { kind: 'guest write', subject, pattern: 600 + prng.below(200) } as const;
  switch (last.kind) {
    case 'restore snapshot':
      return restoreStory(prng, last, write);
    case 'delete snapshot':
      return [{ kind: 'create snapshot', subject, other }, write, last];
    case 'clone': {
      const [origin = '', snapshot = ''] = other.split('@');
      return [{ kind: 'create snapshot', subject: origin, other: snapshot }, last];
    }
    case 'clone image':
      return [beforeService(last, 'vm1/disk'), last];
    case 'clean up image':
      return [beforeService(last, subject), last];
    case 'delete template':
      return [{ kind: 'add template', subject }, last];
    case 'flatten':
    case 'export':
      return [write, last];
    default:
      return [last];
  }
}

/**
 * A snapshot, sometimes behind an older one, is brought back once or twice after the disk has changed, or grown; and then
 * used. Where it was broken off, who finds nothing to do finishes it first: taking the same snapshot again.
 */
function restoreStory(
  prng: Prng,
  last: OperationSpec,
  write: OperationSpec,
): readonly OperationSpec[] {
  const { subject } = last;
  const taken = { kind: 'create snapshot', subject, other: last.other ?? '' } as const;
  const older = { ...taken, other: prng.pick(snapshots) };
  const grown = { kind: 'resize', subject, sizeBytes: 64 * MiB } as const;
  return [
    ...(prng.oneIn(3) ? [older, write] : []),
    taken,
    prng.oneIn(4) ? grown : { ...write, pattern: 600 + prng.below(200) },
    last,
    ...(prng.oneIn(4) ? [last] : []),
    ...(prng.oneIn(4) ? [taken] : []),
    ...(prng.oneIn(2) ? [{ ...write, pattern: 600 + prng.below(200) }] : []),
  ];
}
