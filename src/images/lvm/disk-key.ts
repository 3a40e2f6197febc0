/**
 * How a disk is encrypted. Its volume says it in tags: what is configured is for disks to come, and dm-crypt shows noise to
 * whoever reads a disk in another way than it was written.
 */
import type { Volume } from '../../tools/lvm/report.ts';
import { tag, tagOf } from './names.ts';
import type { Place } from './place.ts';

export interface DiskKey {
  /** What the key manager knows it by. */
  readonly id: string;
  readonly cipher: string;
  readonly keySize: number;
}

export function newKey({ config }: Place, id: string): DiskKey {
  const { cipher, keySize } = config.encryption;
  return { id, cipher, keySize };
}

/** Undefined where the volume names none. Of one that does not say how, it is as it is configured. */
export function taggedKey(place: Place, volume: Volume): DiskKey | undefined {
  const id = tagOf(volume, 'key');
  if (id === undefined) return undefined;
  const { cipher, keySize } = newKey(place, id);
  const said = tagOf(volume, 'cipher');
  return {
    id,
    cipher: said === undefined ? cipher : unescaped(said),
    keySize: Number(tagOf(volume, 'keySize') ?? keySize),
  };
}

export function keyTags(key: DiskKey | undefined): readonly string[] {
  if (key === undefined) return [];
  const { id, cipher, keySize } = key;
  return [tag('key', id), tag('cipher', escaped(cipher)), tag('keySize', keySize)];
}

/** Tags have no parentheses, which `capi:cbc(aes)-plain64` has. */
function escaped(cipher: string): string {
  return encodeURIComponent(cipher)
    .replace(/[()'*!~]/g, percent)
    .replaceAll('%', '=');
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}

function unescaped(said: string): string {
  return decodeURIComponent(said.replaceAll('=', '%'));
}
