import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import { losesStore } from '../scenarios/scenario.ts';

export const chains: Invariant = {
  id: 'chains',
  description: 'what a disk leans on is there, and its format is named',
  onChange: (model, { kind, meaning }) =>
    kind === 'appear' && meaning.kind === 'disk' ? check(model) : undefined,
  onPowerCut: (model) => check(model),
  onRecovered: (model) => check(model),
};

function check(model: Model): string | undefined {
  for (const [address, { content }] of model.disks) {
    if (content.kind !== 'qcow2' || content.backing === undefined) continue;
    const { path, format } = content.backing;
    const { volume } = model.world;
    const inode = volume.peek(path);
    if (inode === undefined) {
      if (losesStore(model.scenario)) continue;
      return `${address} leans on ${path}, which is not there`;
    }
    const template = model.scenario.templates.find(({ name }) => path === `/i/_base/${name}`);
    if (template === undefined) return `${address} leans on ${path}, which is no template`;
    if (volume.content(inode).kind !== format) return `${address} takes ${path} for ${format}`;
  }
  return undefined;
}
