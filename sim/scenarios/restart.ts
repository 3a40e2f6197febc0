/**
 * A disk is being changed, and a machine is started on it: before the change is through, or when it was cut off, be it
 * that nobody has dealt with that yet, or that somebody has.
 */
import type { Prng } from '../schedule/prng.ts';
import { commonImage, onMachines, type Ground, type Workload } from './ground.ts';
import type { OperationSpec, TemplateSpec } from './scenario.ts';

const MiB = 1024 * 1024;
const subject = commonImage;

const changes: readonly OperationSpec[] = [
  { kind: 'restore snapshot', subject, other: 's1' },
  { kind: 'restore snapshot', subject, other: 's1' },
  { kind: 'restore snapshot', subject, other: 's1' },
  { kind: 'flatten', subject },
  { kind: 'flatten', subject },
  { kind: 'resize', subject, sizeBytes: 64 * MiB },
  { kind: 'create snapshot', subject, other: 's2' },
  { kind: 'delete snapshot', subject, other: 's1' },
  { kind: 'destroy', subject },
  { kind: 'destroy', subject, wipe: true },
];

export function drawRestart(prng: Prng, { machines }: Ground, { name }: TemplateSpec): Workload {
  const change = prng.pick(changes);
  const next = prng.pick<OperationSpec>([
    { kind: 'recover', subject: '' },
    { kind: 'create snapshot', subject, other: 's3' },
    { kind: 'resize', subject, sizeBytes: 96 * MiB },
  ]);
  const writes = {
    kind: 'guest write',
    subject,
    pattern: 501,
    runsMs: prng.pick([1, 20, 3000]),
  } as const;
  const then = prng.oneIn(2) ? [next, writes, next] : [writes, next];
  const isRemoved = change.kind === 'destroy';
  const isMeanwhile = isRemoved || prng.oneIn(3);
  return {
    setUp: [
      { kind: 'cache', subject, other: name },
      { kind: 'create snapshot', subject, other: 's1' },
      { kind: 'guest write', subject, pattern: 500 },
    ],
    clients: onMachines(
      machines,
      isMeanwhile ? [[change, next], drawMeanwhile(prng, writes, isRemoved)] : [[change, ...then]],
    ),
  };
}

/** Once for long, or again and again for moments. Until somebody carries on where a removal was cut off, perhaps. */
function drawMeanwhile(
  prng: Prng,
  writes: OperationSpec,
  isRemoved: boolean,
): readonly OperationSpec[] {
  const afterMs = 1 + prng.below(300);
  if (isRemoved) return [{ ...writes, runsMs: 3000, afterMs }];
  if (prng.oneIn(3)) return [{ ...writes, afterMs }];
  return Array.from({ length: 8 }, (_, index) => ({
    ...writes,
    pattern: 501 + index,
    runsMs: 1,
    afterMs: 1 + prng.below(40),
  }));
}
