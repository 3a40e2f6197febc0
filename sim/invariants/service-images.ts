import { parentSnapshot, type ClusterImage } from '../cluster/image.ts';
import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { perModel } from '../model/per-model.ts';
import { sharedImage } from '../model/service-images.ts';
import { serviceImages } from '../model/cluster-names.ts';
import { bytesOf } from '../model/view.ts';

export const imagesOfService: Invariant = {
  id: 'service-images',
  description:
    'an image that is made of a disk for an image service is there whole, leans on nothing, and can be cloned; or it is not there',
  onDone(model, run) {
    const { spec, before } = run;
    const image = imageOf(model, spec.other ?? '');
    const isMadeMeanwhile = (endsOf(model).get(spec.other ?? '') ?? -1) >= run.startedStep;
    noteEnd(model, run);
    if (isMadeMeanwhile || isWorkedOn(model, run)) return undefined;
    const after = `after ${describeRun(run)} the image`;
    if (spec.kind === 'clean up image')
      return image === undefined ? undefined : `${after} is there`;
    if (spec.kind !== 'direct snapshot') return undefined;
    if (image === undefined) return `${after} is not there`;
    const wrong = wrongWith(image);
    if (wrong !== undefined) return `${after} ${wrong}`;
    if (!run.isAlone || before === undefined) return undefined;
    const isSame =
      image.content.sizeBytes === before.sizeBytes && bytesOf(image.content) === before.guest;
    return isSame ? undefined : `${after} has another content`;
  },
  onFailed: noteEnd,
  onInterrupted: noteEnd,
  onRecovered(model) {
    for (const name of serviceImages) {
      const image = imageOf(model, name);
      const wrong = image === undefined ? undefined : wrongWith(image);
      if (wrong === undefined || isHalfCleanedUp(model, name)) continue;
      return `the image ${name} ${wrong}`;
    }
    return undefined;
  },
};

/** By name: at which step the last attempt to make one of it came to an end, whatever it was. */
const endsOf = perModel(() => new Map<string, number>());

function noteEnd(model: Model, { spec }: OperationRun): undefined {
  if (spec.kind === 'direct snapshot') endsOf(model).set(spec.other ?? '', model.world.gate.steps);
  return undefined;
}

function imageOf({ world: { stores } }: Model, name: string): ClusterImage | undefined {
  return stores.cluster === undefined ? undefined : sharedImage(stores.cluster, name);
}

function wrongWith(image: ClusterImage): string | undefined {
  if (image.parent !== undefined) {
    return `leans on ${parentSnapshot(image)?.name ?? 'what is not there'}`;
  }
  const [shared, ...others] = image.snapshots;
  if (shared?.name !== 'snap' || others.length > 0) return 'has other snapshots than `snap`';
  if (shared.protection !== 'protected') return 'cannot be cloned';
  return shared.content === image.content ? undefined : 'has changed since it was made';
}

/** By somebody else too. */
function isWorkedOn({ runs }: Model, run: OperationRun): boolean {
  return runs.some(
    (other) => other !== run && other.outcome === 'running' && other.spec.other === run.spec.other,
  );
}

/** Whoever wanted it gone has not got to the end: it is for him to ask again. */
function isHalfCleanedUp({ runs }: Model, name: string): boolean {
  return runs.some(
    ({ spec, outcome }) =>
      spec.kind === 'clean up image' && spec.other === name && outcome !== 'done',
  );
}
