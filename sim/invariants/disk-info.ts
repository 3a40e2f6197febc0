import { isTakenApart } from '../model/expected.ts';
import { lockTable } from '../locks.ts';
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import { diskPath } from '../model/layout.ts';

export const diskInfo: Invariant = {
  id: 'disk-info',
  description: 'the format of every disk is recorded, and is the one that it has',
  onRecovered(model) {
    if (!model.store.hasDiskInfo) return undefined;
    for (const [address, { content }] of model.disks) {
      if (isTakenApart(model, address)) continue;
      const format = formatOf(model, address);
      if (format === undefined) return `no format is recorded of ${address}`;
      if (format !== content.kind) return `${address} is ${content.kind}, recorded is ${format}`;
      // An entry can get lost where two believe that they hold its lock, by a fault or by clocks that differ.
      const mayBeLost = model.faults.length > 0 || isLockHeldTwice(model);
      if (!mayBeLost && listedFormat(model, address) === undefined)
        return `${address} is not in disk.info`;
    }
    return undefined;
  },
};

function isLockHeldTwice({ world }: Model): boolean {
  const locks = [...lockTable(world)];
  return locks.some(([key, { heldTwice }]) => key.includes('disk-info~') && heldTwice > 0);
}

/** What Nova reads. */
function listedFormat({ world: { volume } }: Model, address: string): string | undefined {
  const [instance = ''] = address.split('/');
  const info = volume.peek(`/i/${instance}/disk.info`);
  return info === undefined ? undefined : textAt(volume.text(info), diskPath(address));
}

/** In disk.info, or in the record, which is there even where two wrote disk.info at once. */
function formatOf(model: Model, address: string): string | undefined {
  const { volume } = model.world;
  const [instance = '', disk = ''] = address.split('/');
  const record = `/i/${instance}/.platter/${disk}.record`;
  const directory = volume.peek(record);
  const [entry] = directory === undefined ? [] : volume.list(record);
  const recorded = entry === undefined ? undefined : textAt(volume.text(entry[1]), 'format');
  const listed = listedFormat(model, address);
  if (recorded !== undefined && listed !== undefined && recorded !== listed)
    return `${recorded} and ${listed}`;
  return recorded ?? listed;
}

function textAt(json: string | undefined, key: string): string | undefined {
  const value = (JSON.parse(json ?? '{}') as Record<string, unknown>)[key];
  return typeof value === 'string' ? value : undefined;
}
