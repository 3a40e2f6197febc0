import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import { perModel } from '../model/per-model.ts';
import { fingerprintFile } from '../volume/file-content.ts';

export const sameTemplates: Invariant = {
  id: 'same-templates',
  description:
    'a template that is gone under a disk comes back with the same content, or not at all',
  onChange(model, { kind, meaning, inode }) {
    const { volume } = model.world;
    if (meaning.kind === 'disk' && kind === 'appear') {
      const path = backingOf(model, meaning.address);
      const template = path === undefined ? undefined : volume.peek(path);
      // One that is cloned when the template has gone is of what that was.
      if (template !== undefined) {
        madeOf(model).set(meaning.address, fingerprintFile(volume.content(template)));
      }
    }
    if (meaning.kind !== 'template' || kind !== 'appear') return undefined;
    const now = fingerprintFile(volume.content(inode));
    for (const [address, content] of madeOf(model)) {
      if (backingOf(model, address) !== meaning.path || content === now) continue;
      return `${meaning.path} comes back with another content under ${address}`;
    }
    return undefined;
  },
};

/** Fingerprint of the template that each disk was made of. */
const madeOf = perModel(() => new Map<string, string>());

function backingOf(model: Model, address: string): string | undefined {
  const content = model.disks.get(address)?.content;
  return content?.kind === 'qcow2' ? content.backing?.path : undefined;
}
