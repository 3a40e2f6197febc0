/** What a soak has to have seen to mean anything: that it never happens says that the scenarios are too tame. */
import { cryptSteps } from '../faults/lvm-steps.ts';
import { profilesNamed } from '../faults/profiles.ts';
import { ofSharedStorage } from '../scenarios/image-service.ts';
import {
  canRemoveByHand,
  hasDiskFiles,
  operationKinds,
  sharesImages,
  type OperationKind,
  type SimBackend,
} from '../scenarios/scenario.ts';
import type { CoverageData } from './coverage.ts';

/** Fewer scenarios may well miss something. */
const scenariosMin = 20_000;

/** What somebody does who is not platter, and what an image service is for, is not possible everywhere. */
function canHappen(kind: OperationKind, backend: SimBackend): boolean {
  if (ofSharedStorage.has(kind)) return sharesImages(backend);
  if (kind === 'foreign file') return hasDiskFiles(backend);
  if (kind === 'remove store') return hasDiskFiles(backend);
  return kind !== 'remove by hand' || canRemoveByHand(backend);
}

const refusals = [
  'ALREADY_EXISTS',
  'NOT_FOUND',
  'IN_USE',
  'SIZE_TOO_SMALL',
  'CANNOT_SHRINK',
  'UNSAFE_IMAGE',
  'CANCELED',
];

/** Steps that tell that what a backend has of its own was done. */
const steps: Readonly<Partial<Record<SimBackend, readonly string[]>>> = {
  lvm: cryptSteps,
  ploop: [
    'guest.run',
    'guest.run at once',
    'ploop grow: lengthen image',
    'ploop snapshot: create delta',
    'ploop snapshot-switch: create delta',
    'ploop snapshot-delete: merge',
    'ploop snapshot-merge: merge',
  ],
};

export function unreached(
  { profile, backend }: { profile: string; backend: SimBackend },
  scenarios: number,
  { operations, faults, sites }: CoverageData,
): readonly string[] {
  if (scenarios < scenariosMin) return [];
  const ended = [...operations.keys()];
  const struck = [...faults.keys()];
  const kinds = profilesNamed(profile).flatMap(({ hostFaults, callFaults }) => [
    ...hostFaults,
    ...callFaults
      .filter((group) => group.backend === undefined || group.backend === backend)
      .flatMap((group) => group.kinds),
  ]);
  return [
    ...operationKinds
      .filter((kind) => !ended.includes(`${kind}: done`) && canHappen(kind, backend))
      .map((kind) => `${kind} that succeeds`),
    ...refusals
      .filter((code) => !ended.some((key) => key.endsWith(`: ${code}`)))
      .map((code) => `an operation refused with ${code}`),
    ...[...new Set(kinds)]
      .filter((kind) => !struck.some((key) => key.endsWith(` × ${kind}`)))
      .map((kind) => `a fault of kind ${kind}`),
    ...(steps[backend] ?? []).filter((step) => !sites.has(step)),
  ];
}
