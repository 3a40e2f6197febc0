/**
 * Names in the cluster. An image is `<instance>_<disk>` (B085), exactly; what platter keeps besides begins with an
 * underscore, as no instance's name does, so that neither Nova nor platter takes it for a disk.
 *
 *   _base.<template>.<16 of sha256>   a template: raw, with the protected snapshot `sha256.<sha256>`
 *   _part.<name>.<id>                 what operation <id> is making of <name>
 *   _gone.<name>.<id>                 what operation <id> is removing
 *
 * A template's names come from its content: an image of somebody else is never taken for it, and stores whose templates
 * share a name but not the content do not meet.
 */
import { PlatterError } from '../../errors.ts';
import { isName, type ImageAddress } from '../../names.ts';
import type { TemplateIdentity } from '../../templates/copies.ts';

export function imageNameOf({ instance, disk }: ImageAddress): string {
  return `${instance}_${disk}`;
}

/** The address that an image of this name may have; where the instance holds underscores only a record tells. */
export function addressOf(name: string): ImageAddress | undefined {
  const end = name.indexOf('_');
  const address = { instance: name.slice(0, end), disk: name.slice(end + 1) };
  const isOne = end > 0 && isName('instance', address.instance) && isName('disk', address.disk);
  return isOne ? address : undefined;
}

/** The other addresses whose image would have the same name: `a_b/c` and `a/b_c`. */
export function namesakesOf(address: ImageAddress): readonly ImageAddress[] {
  const name = imageNameOf(address);
  const ends = [...name.matchAll(/_/g)].map(({ index }) => index);
  return ends
    .map((end) => ({ instance: name.slice(0, end), disk: name.slice(end + 1) }))
    .filter(({ instance }) => instance !== address.instance)
    .filter(({ instance, disk }) => isName('instance', instance) && isName('disk', disk));
}

const digestKept = 16;

export function templateImageName({ name, sha256 }: TemplateIdentity): string {
  return `_base.${name}.${sha256.slice(0, digestKept)}`;
}

export function templateSnapshotName({ sha256 }: TemplateIdentity): string {
  return `sha256.${sha256}`;
}

/** The template whose image this is. */
export function templateOfImage(name: string): string | null {
  return /^_base\.(.+)\.[0-9a-f]{16}$/.exec(name)?.[1] ?? null;
}

export function draftName(name: string, id: string): string {
  return `_part.${name}.${id}`;
}

/** The name that the draft of an operation was to get. */
export function publishedName(draft: string, id: string): string {
  return draft.replace('_part.', '').slice(0, -`.${id}`.length);
}

export function removedName(name: string, id: string): string {
  return `_gone.${name}.${id}`;
}

/** `rbd:<pool>/<image>[:id=<user>][:conf=<file>]` (B086), as qemu reads it: a colon within a value is escaped. */
export function qemuPath(spec: string, user: string | undefined, conf: string | undefined): string {
  const options = [
    ...(user === undefined ? [] : [`id=${escape(user)}`]),
    ...(conf === undefined ? [] : [`conf=${escape(conf)}`]),
  ];
  return ['rbd:' + spec, ...options].join(':');
}

function escape(value: string): string {
  return value.replace(/[\\:@]/g, (sign) => `\\${sign}`);
}

/** The image behind a path as libvirt has it: `<pool>/<image>`, with or without `rbd:` and options around it. */
export function parseRbdPath(pool: string, instance: string, path: string): ImageAddress {
  const spec = path.replace(/^rbd:/, '').replace(/:.*$/s, '');
  const prefix = `${pool}/${instance}_`;
  const disk = spec.slice(prefix.length);
  if (spec.startsWith(prefix) && isName('disk', disk)) return { instance, disk };
  throw new PlatterError('INVALID_ARGUMENT', `the path is no disk of instance "${instance}"`, {
    details: { path },
    hint: `its disks are ${prefix}<disk>`,
  });
}

/** Where an image service keeps an image: a snapshot in a cluster. */
export interface RbdLocation {
  readonly fsid: string;
  readonly pool: string;
  readonly image: string;
  readonly snapshot: string;
}

export function formatLocation({ fsid, pool, image, snapshot }: RbdLocation): string {
  return `rbd://${[fsid, pool, image, snapshot].map(encodeURIComponent).join('/')}`;
}

/** `rbd://<fsid>/<pool>/<image>/<snapshot>`, four parts, none of them empty (B099); undefined for anything else. */
export function parseLocation(url: string): RbdLocation | undefined {
  if (!url.startsWith('rbd://')) return undefined;
  const parts = url.slice('rbd://'.length).split('/').map(decode);
  const [fsid = '', pool = '', image = '', snapshot = ''] = parts;
  // What rbd would read as another image, a namespace or a snapshot is no name.
  const areNames = [image, snapshot].every((part) => /^[^@/]+$/.test(part));
  // One that begins with a dash would be an option.
  const isPool = /^(?!-)[^@/\s]+(\/[^@/\s]+)?$/.test(pool);
  const isWhole = parts.length === 4 && fsid !== '' && isPool && areNames;
  return isWhole ? { fsid, pool, image, snapshot } : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
