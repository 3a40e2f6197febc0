/**
 * Disks that are images of a cluster, by the names that Nova gives them; what else platter keeps begins with an
 * underscore. A disk that is being removed, or is given its name back, has lost its name for a while.
 */
import { sectorBytes } from '../../src/sizes.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { parentSnapshot, type ClusterImage } from '../cluster/image.ts';
import { imageNamed, nameOf, namesOf, type Namespace } from '../cluster/namespace.ts';
import type { FileContent } from '../volume/file-content.ts';
import type { World } from '../world.ts';
import type { DiskStore } from './disk-store.ts';
import { foreignImages, hostileImage, imagePool, templatePool } from './cluster-names.ts';
import { watchLateDrafts } from './late-drafts.ts';
import { meaningOf, type Meaning } from './layout.ts';
import type { DiskView } from './view.ts';

export function clusterStore(world: World): DiskStore {
  const { cluster } = world.stores;
  const images = cluster?.namespace(imagePool);
  if (cluster === undefined || images === undefined) {
    throw new Error('a scenario of RBD has a cluster');
  }
  world.observers.push(watchLateDrafts(world, cluster));
  const find = (address: string) => {
    const name = imageName(address);
    return imageNamed(images, name) ?? setAside(images, name);
  };
  return {
    granuleBytes: sectorBytes,
    takesSnapshots: true,
    hasDiskInfo: false,
    mayRunOut: false,
    mayTakeBack: true,
    depthOf(address) {
      const found = find(address);
      return found === undefined ? 0 : depthOf(found);
    },
    growsWhileOpen: true,
    restoresAnew: true,
    meaningOf: (path) => (path.startsWith('rbd:') ? meaningOfImage(path) : ofFile(meaningOf(path))),
    view(address) {
      const found = find(address);
      return found === undefined ? undefined : viewOf(found);
    },
    openable(address) {
      const found = imageNamed(images, imageName(address));
      return found !== undefined && canStart(cluster, found) ? found.inode : undefined;
    },
    isHeldForEver: (template) => isHeldByNameless(cluster, template),
    keepsTwoNames(address) {
      const found = imageNamed(images, imageName(address));
      return found?.wasUsedByTwoNames === true && namesOf(found).length > 1;
    },
    leftovers: () => leftIn(cluster),
    remains: () =>
      [imagePool, templatePool].flatMap((pool) =>
        [...(cluster.namespace(pool)?.directory.keys() ?? [])]
          .filter((name) => !isSomebodyElses(name))
          .map((name) => `${pool}/${name}`),
      ),
  };
}

function isSomebodyElses(name: string): boolean {
  return name === hostileImage || (foreignImages as readonly string[]).includes(name);
}

function imageName(address: string): string {
  return address.replace('/', '_');
}

function depthOf({ parent }: ClusterImage): number {
  return parent === undefined ? 0 : 1 + depthOf(parent.image);
}

function setAside(images: Namespace, name: string): ClusterImage | undefined {
  const prefix = `_gone.${name}.`;
  for (const known of images.ids.keys()) {
    // Names hold dots too: `disk.swap` is not `disk`.
    const isIt = known.startsWith(prefix) && !known.slice(prefix.length).includes('.');
    if (isIt) return imageNamed(images, known);
  }
  return undefined;
}

function meaningOfImage(path: string): Meaning {
  const match = new RegExp(`^rbd:${imagePool}/(?:_gone\\.)?([^_/]+)_([^/]+)$`).exec(path);
  if (match === null) return undefined;
  const [, instance = '', disk = ''] = match;
  if ((foreignImages as readonly string[]).includes(`${instance}_${disk}`)) return undefined;
  const isAside = path.startsWith(`rbd:${imagePool}/_gone.`);
  return { kind: 'disk', address: `${instance}/${isAside ? disk.replace(/\.[^.]*$/, '') : disk}` };
}

/** Files are templates here, and nothing else. */
function ofFile(meaning: Meaning): Meaning {
  return meaning?.kind === 'template' ? meaning : undefined;
}

function viewOf({ inode, content, snapshots }: ClusterImage): DiskView {
  const kept = new Map<string, FileContent>();
  for (const { name, content: then } of snapshots) kept.set(name, then);
  return { inode, content, snapshots: kept };
}

/** Who has died is remembered as one that has it open and locked. */
function canStart(cluster: Cluster, image: ClusterImage): boolean {
  const isOrphan = image.parent !== undefined && parentSnapshot(image) === undefined;
  return !isOrphan && cluster.watchersOf(image).length === 0;
}

/** Half-made and half-removed images, names without images, images without names, and what is in the trash. */
export function leftIn(cluster: Cluster): readonly string[] {
  const found: string[] = [];
  for (const { name: pool, namespaces } of cluster.pools.values()) {
    for (const namespace of namespaces.values()) {
      for (const what of leftInNamespace(cluster, namespace)) found.push(`${pool}/${what}`);
    }
  }
  return found;
}

/**
 * Of an image that a rename which was killed has left under both its names rbd can take back neither alone
 * (half-made.json). Once disks lean on it, whoever clears up leaves both: it is the template now, and goes with that; and
 * then the entry of one may stay, of a few bytes: no list has it, so that nobody finds it to remove it. So it is of a disk
 * whose removal got so far, and on which a machine was started meanwhile: it is left to that.
 */
function isOneOfTwoOfUsed(namespace: Namespace, name: string): boolean {
  const image = imageNamed(namespace, name);
  const { directory, ids } = namespace;
  if (image === undefined)
    return name.startsWith('_part.') && ids.has(name) && !directory.has(name);
  return namesOf(image).length > 1 && (image.wasCloned || image.wasUsedByTwoNames);
}

/**
 * Nothing stops a tool on another host whose caller has died: what it began to make once somebody had cleared up after
 * them is nobody's any more. `audit` lists it.
 */
function isDraftOfOrphan({ madeByOrphans }: Cluster, { directory, ids }: Namespace, name: string) {
  const id = directory.get(name) ?? ids.get(name);
  return name.startsWith('_part.') && id !== undefined && madeByOrphans.has(id);
}

/** Of a template: whether one of those leans on it that have no name by which they could be removed. */
function isHeldByNameless(cluster: Cluster, template: string): boolean {
  return [...cluster.images()].some((image) => {
    const origin = image.parent === undefined ? undefined : nameOf(image.parent.image);
    const isNameless = nameOf(image) === undefined && cluster.madeByOrphans.has(image.id);
    return isNameless && origin?.startsWith(`_base.${template}.`) === true;
  });
}

function leftInNamespace(cluster: Cluster, namespace: Namespace): readonly string[] {
  const { directory, ids, headers, trash } = namespace;
  const found: string[] = [];
  const named = new Set<string>();
  for (const name of new Set([...directory.keys(), ...ids.keys()])) {
    const id = ids.get(name);
    if (id !== undefined) named.add(id);
    if (isOneOfTwoOfUsed(namespace, name)) continue;
    if (isDraftOfOrphan(cluster, namespace, name)) continue;
    if (/^_(part|gone)\./.test(name)) found.push(name);
    else if (id === undefined || directory.get(name) !== id) found.push(`${name} (half named)`);
    else if (!headers.has(id)) found.push(`${name} (without an image)`);
  }
  for (const id of headers.keys()) {
    const isKnown = named.has(id) || trash.has(id) || cluster.madeByOrphans.has(id);
    if (!isKnown) found.push(`image ${id} without a name`);
  }
  for (const { name } of trash.values()) found.push(`${name} in the trash`);
  return found;
}
