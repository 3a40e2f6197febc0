/**
 * Volumes of platter that nothing explains: others' are not looked at. By its name alone platter knows what was cut off before
 * it had any tags.
 */
import type { Known, Stray } from '../../audit/stray.ts';
import type { Volume, VolumeGroup } from '../../tools/lvm/report.ts';
import { readRecord } from '../../workspace/record.ts';
import { instanceDirectory } from '../../config/layout.ts';
import { formatAddress } from '../../names.ts';
import { imageOf, isForeign, tagOf } from './names.ts';
import { readGroup, type Place } from './place.ts';

export async function lvmStrays(
  place: Place,
  known: () => Promise<Known>,
): Promise<readonly Stray[]> {
  const group = await readGroup(place, place.host);
  const explained = await known();
  const strays: Stray[] = [];
  for (const volume of group.volumes) {
    const why = isOurs(volume) ? await whyStray(place, group, volume, explained) : undefined;
    if (why === undefined) continue;
    strays.push({ ...why, path: `${group.name}/${volume.name}`, allocatedBytes: volume.sizeBytes });
  }
  return strays;
}

type Why = Omit<Stray, 'path' | 'allocatedBytes'>;

const ours = /^platter-(part|removed|snapshot|pool|template)-([0-9a-f]+)/;

function isOurs(volume: Volume): boolean {
  return !isForeign(volume) || ours.test(volume.name);
}

/** The operation that has not finished it; a snapshot is whole with its last tag. */
function halfMadeBy(volume: Volume): string | undefined {
  const [, what, id] = ours.exec(volume.name) ?? [];
  const isHalf =
    what === 'part' ||
    what === 'removed' ||
    (what === 'snapshot' && tagOf(volume, 'of') === undefined);
  return isHalf ? id : undefined;
}

async function whyStray(
  place: Place,
  group: VolumeGroup,
  volume: Volume,
  known: Known,
): Promise<Why | undefined> {
  const operation = halfMadeBy(volume);
  const removal = `lvremove ${group.name}/${volume.name}, after a look at what is in it`;
  if (operation !== undefined) {
    if (known.operations.has(operation)) return undefined;
    const message = `operation ${operation} is not known any more`;
    return { kind: 'half-made-volume', subject: null, message, hint: removal };
  }
  const sha256 = tagOf(volume, 'template');
  if (sha256 !== undefined) {
    if (known.templates.has(sha256)) return undefined;
    const message = `no template in the store has its content (${sha256})`;
    return { kind: 'orphan-volume', subject: null, message, hint: removal };
  }
  const [, what, id = ''] = ours.exec(volume.name) ?? [];
  if (volume.kind === 'pool' || what === 'pool') {
    const isUsed =
      volume.name === place.config.lvm.thinPool ||
      group.volumes.some(({ pool }) => pool === volume.name);
    if (isUsed || known.operations.has(tagOf(volume, 'made') ?? id)) return undefined;
    const message = 'the sparse disk whose pool it was is not there';
    return { kind: 'orphan-volume', subject: null, message, hint: removal };
  }
  const of = tagOf(volume, 'of');
  if (of !== undefined) {
    const hasDisk = group.volumes.some((other) => isDisk(other, of));
    if (hasDisk) return undefined;
    const message = 'the disk that it is a snapshot of is not there';
    return { kind: 'orphan-volume', subject: of, message, hint: removal };
  }
  if (what !== 'template') return diskWithoutRecord(place, volume);
  const message = 'it does not say which template it is of';
  return { kind: 'orphan-volume', subject: null, message, hint: removal };
}

/** Also one that is being removed, which only its tag tells, and one of Nova's, which only its name tells. */
function isDisk(volume: Volume, of: string): boolean {
  const address = imageOf(volume);
  return tagOf(volume, 'image') === of || (address !== undefined && formatAddress(address) === of);
}

async function diskWithoutRecord(
  { host, config }: Place,
  volume: Volume,
): Promise<Why | undefined> {
  const address = imageOf(volume);
  if (address === undefined) return undefined;
  const directory = instanceDirectory(config, address.instance);
  if ((await readRecord(host.filesystem, directory, address.disk)) !== undefined) return undefined;
  const subject = formatAddress(address);
  return {
    kind: 'orphan-volume',
    subject,
    message: 'no record in the instances path knows it',
    hint: `platter image show ${subject} tells what it is; another instances path may know it`,
  };
}
