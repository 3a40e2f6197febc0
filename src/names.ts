/** The grammar of names, and the addresses `<instance>/<disk>` and `<instance>/<disk>@<snapshot>`. */
import { PlatterError } from './errors.ts';

const grammar = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Names that Nova keeps for itself inside `instances_path`, so that no instance can have them. */
export const reservedInstances: ReadonlySet<string> = new Set([
  'locks',
  'snapshots',
  'compute_nodes',
]);

/** `disk.info` records formats (B031): no disk can have its name. */
const reservedDisks = new Set(['disk.info']);

export type NameKind = 'instance' | 'disk' | 'template' | 'snapshot' | 'key';

/** Returns `name` when it follows the grammar; else throws INVALID_ARGUMENT. */
export function checkName(kind: NameKind, name: unknown): string {
  if (typeof name !== 'string' || !grammar.test(name)) {
    throw new PlatterError('INVALID_ARGUMENT', `invalid ${kind} name ${quote(name)}`, {
      details: { kind, name },
      hint: 'names are 1 to 63 of A-Z a-z 0-9 . _ - and begin with a letter or digit',
    });
  }
  if (
    (kind === 'instance' && reservedInstances.has(name)) ||
    (kind === 'disk' && reservedDisks.has(name))
  ) {
    throw reservedName(kind, name);
  }
  return name;
}

export function reservedName(kind: NameKind, name: string): PlatterError {
  return new PlatterError('INVALID_ARGUMENT', `the ${kind} name "${name}" is reserved`, {
    details: { kind, name },
    hint: 'choose another name',
  });
}

/** Whether `name` could be the name of something of this kind. */
export function isName(kind: NameKind, name: string): boolean {
  return (
    grammar.test(name) &&
    !(kind === 'instance' && reservedInstances.has(name)) &&
    !(kind === 'disk' && reservedDisks.has(name))
  );
}

/** One disk of one instance. */
export interface ImageAddress {
  readonly instance: string;
  readonly disk: string;
}

export interface SnapshotAddress extends ImageAddress {
  readonly snapshot: string;
}

export function imageAddress(instance: unknown, disk: unknown): ImageAddress {
  return { instance: checkName('instance', instance), disk: checkName('disk', disk) };
}

export function formatAddress(address: ImageAddress): string {
  return `${address.instance}/${address.disk}`;
}

/** Parses `<instance>/<disk>`. */
export function parseImageAddress(text: string): ImageAddress {
  const parts = text.split('/');
  if (parts.length !== 2 || text.includes('@')) {
    throw new PlatterError('INVALID_ARGUMENT', `invalid image address ${quote(text)}`, {
      details: { address: text },
      hint: 'write it as <instance>/<disk>, for example vm1/disk',
    });
  }
  return imageAddress(parts[0], parts[1]);
}

/** Parses `<instance>/<disk>@<snapshot>`. */
export function parseSnapshotAddress(text: string): SnapshotAddress {
  const at = text.indexOf('@');
  if (at < 0) {
    throw new PlatterError('INVALID_ARGUMENT', `invalid snapshot address ${quote(text)}`, {
      details: { address: text },
      hint: 'write it as <instance>/<disk>@<snapshot>, for example vm1/disk@before-upgrade',
    });
  }
  return {
    ...parseImageAddress(text.slice(0, at)),
    snapshot: checkName('snapshot', text.slice(at + 1)),
  };
}

/** Parses `<instance>/<disk>` with an optional `@<snapshot>`. */
export function parseAddress(text: string): ImageAddress & { snapshot?: string } {
  return text.includes('@') ? parseSnapshotAddress(text) : parseImageAddress(text);
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
