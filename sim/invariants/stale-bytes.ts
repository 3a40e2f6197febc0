import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import type { RawContent } from '../volume/content.ts';
import { isCiphertext } from '../tools/cryptsetup/crypt-table.ts';
import { leavesContent } from '../scenarios/own-config.ts';
import { strangerPattern } from '../scenarios/volume-group.ts';

export const staleBytes: Invariant = {
  id: 'stale-bytes',
  description:
    'no disk shows what somebody had on its space before, and what a disk had is cleared before its space is free',
  onDone: (model) => check(model),
  onRecovered: (model) => check(model),
  onEnd: (model) => check(model),
};

function check(model: Model): string | undefined {
  const { group } = model.world.stores;
  if (group === undefined) return undefined;
  for (const [address, { content }] of model.disks) {
    if (model.unsettled.has(address) || content.kind !== 'raw') continue;
    // Somebody may be at work on it: what was added to it is nobody's yet.
    if (model.runs.some(({ outcome, spec }) => outcome === 'running' && spec.subject === address))
      continue;
    if (content.extents.some(({ source }) => source === strangerPattern))
      return `${address} shows bytes of a stranger`;
  }
  if (leavesContent(model.scenario)) return undefined;
  const isKept = group.free.areas.some(hasBytesOfDisks);
  return isKept ? 'space is free that still holds bytes of a disk' : undefined;
}

/** Guests and templates write literal bytes, maps ciphertext; strangers and tools that overwrite leave patterns. */
function hasBytesOfDisks({ extents }: RawContent): boolean {
  return extents.some(({ source }) => typeof source !== 'number' || isCiphertext(source));
}
