/**
 * What nothing explains in the pools: drafts, removals and templates. Disks are left out: a pool is shared, and another
 * host's records may know what this host's do not.
 */
import type { Known, Stray } from '../../audit/stray.ts';
import type { Cluster } from './cluster.ts';

const half = /^_(?:part|gone)\.(.+)\.([0-9a-f]+)$/;
const template = /^_base\.(.+)\.([0-9a-f]{16})$/;

export async function rbdStrays(
  cluster: Cluster,
  known: () => Promise<Known>,
): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for (const pool of new Set([cluster.pool, cluster.templatePool])) {
    const names = await cluster.names(pool);
    const explained = await known();
    for (const name of names) {
      const stray = strayOf(name, explained);
      if (stray !== undefined) strays.push({ ...stray, path: `${pool}/${name}` });
    }
  }
  return strays;
}

function strayOf(name: string, known: Known): Omit<Stray, 'path'> | undefined {
  const [, of, operation] = half.exec(name) ?? [];
  if (of !== undefined && operation !== undefined) {
    if (known.operations.has(operation)) return undefined;
    return {
      kind: 'half-made-volume',
      subject: null,
      allocatedBytes: null,
      message: `no operation of this host is at work on it (${operation}, of ${of})`,
      hint: 'if none of another host is either: rbd rm, after rbd snap purge where it has snapshots',
    };
  }
  const [, templateName, digest] = template.exec(name) ?? [];
  if (templateName === undefined || digest === undefined) return undefined;
  if ([...known.templates].some((sha256) => sha256.startsWith(digest))) return undefined;
  return {
    kind: 'foreign-template',
    subject: `template ${templateName}`,
    allocatedBytes: null,
    message: 'no template of this host has its content; one of another host may',
    hint: 'rbd children tells whether disks lean on it',
  };
}
