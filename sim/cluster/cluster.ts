/**
 * One Ceph cluster that the machines of a world share: what is in it, who is connected to it, and whether it answers.
 * What was acknowledged is durable: the cluster does not lose power with a host.
 */
import type { RawContent } from '../volume/content.ts';
import { hashText } from '../schedule/prng.ts';
import { createDevice } from '../volume/device.ts';
import type { VolumeChange } from '../volume/volume-change.ts';
import type { Volume } from '../volume/volume.ts';
import { believedUntilUs, type ClusterClient } from './client.ts';
import type { ClusterImage, ClusterSnapshot } from './image.ts';
import {
  childrenKey,
  imageNamed,
  newPool,
  specOf,
  type Namespace,
  type Pool,
  namesOf,
} from './namespace.ts';

/** What a user may do in a pool. */
export type Access = 'none' | 'read' | 'write';

const features = ['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'];

export class Cluster {
  readonly fsid = '4369c1c3-8f76-4407-a61b-68bdd10a88eb';
  readonly pools = new Map<string, Pool>();
  /** Users that are not allowed everything. `admin` is. */
  readonly users = new Map<string, (pool: string) => Access>();
  readonly clients = new Set<ClusterClient>();
  /** Ids of images that were still being made when whoever had ordered them was dead, or taken for dead. */
  readonly madeByOrphans = new Set<string>();
  capacityBytes = 2 ** 44;
  /** Virtual times until which nothing answers, and until which writes wait for space. */
  awayUntilUs = 0;
  fullUntilUs = 0;
  readonly #volume: Volume;
  readonly #onChange: (change: VolumeChange) => void;
  readonly #now: () => number;
  #nextClient = 4100;
  #nextImage = 0x1024;
  #nextSnapshot = 4;

  /**
   * @param volume makes the inodes of images, for who opens them as he opens a file
   * @param tell is told of every change of what a name opens; its path is `rbd:pool/image`
   * @param now virtual time in microseconds
   */
  constructor(volume: Volume, tell: (change: VolumeChange) => void, now: () => number) {
    this.#volume = volume;
    this.#onChange = tell;
    this.#now = now;
  }

  get nowUs(): number {
    return this.#now();
  }

  get isAway(): boolean {
    return this.nowUs < this.awayUntilUs;
  }

  get isFull(): boolean {
    return this.nowUs < this.fullUntilUs;
  }

  addPool(name: string): Pool {
    const known = this.pools.get(name);
    if (known !== undefined) return known;
    const pool = newPool(this.pools.size + 1, name);
    this.pools.set(name, pool);
    return pool;
  }

  namespace(pool: string, name = ''): Namespace | undefined {
    return this.pools.get(pool)?.namespaces.get(name);
  }

  access(user: string, pool: string): Access {
    return this.users.get(user)?.(pool) ?? 'write';
  }

  knowsUser(user: string): boolean {
    return user === 'admin' || this.users.has(user);
  }

  connect(user: string, options: { isGuest?: boolean } = {}): ClusterClient {
    const number = this.#nextClient++;
    const client: ClusterClient = {
      number,
      address: `127.0.0.1:0/${hashText(`client ${number}`)}`,
      user,
      isGuest: options.isGuest === true,
      diedUs: undefined,
      isBlocklisted: false,
    };
    this.clients.add(client);
    return client;
  }

  /** It says goodbye: what it watched and had locked is free. */
  leave(client: ClusterClient): void {
    this.clients.delete(client);
    this.#forget(client);
  }

  /** It ends without a word: its watches and locks stay until the cluster has missed it for long enough. */
  die(client: ClusterClient): void {
    if (this.clients.has(client)) client.diedUs ??= this.nowUs;
  }

  #openByGuest(image: ClusterImage): { close: () => void; die: () => void } {
    const client = this.connect('admin', { isGuest: true });
    image.watchers.add(client);
    noteTwoNames(image);
    return { close: () => this.leave(client), die: () => this.die(client) };
  }

  /** librbd takes the exclusive lock with the first write, not when it opens the image. */
  #write(image: ClusterImage, content: RawContent): void {
    const client = [...image.watchers].find(
      ({ isGuest, diedUs }) => isGuest && diedUs === undefined,
    );
    if (client !== undefined) {
      image.lock = { client, id: `auto ${client.number}`, isManual: false };
    }
    this.setContent(image, content);
  }

  #forget(client: ClusterClient): void {
    for (const image of this.images()) {
      image.watchers.delete(client);
      if (image.lock?.client === client && !image.lock.isManual) image.lock = undefined;
    }
  }

  /** Everybody who is believed to have it open. */
  watchersOf(image: ClusterImage): readonly ClusterClient[] {
    const { nowUs } = this;
    return [...image.watchers].filter((client) => believedUntilUs(client) > nowUs);
  }

  *images(): Generator<ClusterImage> {
    for (const { namespaces } of this.pools.values()) {
      for (const { headers } of namespaces.values()) yield* headers.values();
    }
  }

  newImage(
    namespace: Namespace,
    content: RawContent,
    nowMs: number,
    options: Partial<ClusterImage> = {},
  ): ClusterImage {
    const number = this.#nextImage;
    this.#nextImage += 0xb;
    const image: ClusterImage = {
      // Ids are hexadecimal digits of no fixed length, as the real ones.
      id: `${number.toString(16)}${hashText(`image ${number}`).toString(16)}`,
      objectBytes: 2 ** 22,
      features,
      createdMs: nowMs,
      modifiedMs: nowMs,
      content,
      snapshots: [],
      parent: undefined,
      wasCloned: false,
      wasUsedByTwoNames: false,
      metadata: new Map(),
      watchers: new Set(),
      lock: undefined,
      namespace,
      inode: createDevice(this.#volume, {
        read: () => image.content,
        write: (written) => this.#write(image, written),
        sync: () => {},
        open: () => this.#openByGuest(image),
      }),
      ...options,
    };
    return image;
  }

  newSnapshot(image: ClusterImage, name: string, createdMs: number): ClusterSnapshot {
    const id = this.#nextSnapshot++;
    return { id, name, content: image.content, createdMs, protection: 'unprotected' };
  }

  /** The name opens the image from here on, if its header is there. */
  setId(namespace: Namespace, name: string, id: string): void {
    namespace.ids.set(name, id);
    const image = namespace.headers.get(id);
    if (image === undefined) return;
    noteTwoNames(image);
    this.#tell('appear', namespace, name, image);
  }

  removeId(namespace: Namespace, name: string): void {
    const image = imageNamed(namespace, name);
    namespace.ids.delete(name);
    if (image !== undefined) this.#tell('vanish', namespace, name, image);
  }

  addHeader(image: ClusterImage): void {
    const { namespace } = image;
    namespace.headers.set(image.id, image);
    for (const name of namesOf(image)) this.#tell('appear', namespace, name, image);
  }

  removeHeader(image: ClusterImage): void {
    const { namespace } = image;
    namespace.headers.delete(image.id);
    for (const name of namesOf(image)) this.#tell('vanish', namespace, name, image);
  }

  setContent(image: ClusterImage, content: RawContent): void {
    const before = image.content;
    image.content = content;
    this.changed(image, before);
  }

  /** After a change of what the image holds or remembers. */
  changed(image: ClusterImage, before = image.content): void {
    for (const name of namesOf(image)) this.#tell('content', image.namespace, name, image, before);
  }

  #tell(
    kind: VolumeChange['kind'],
    namespace: Namespace,
    name: string,
    { inode }: ClusterImage,
    before?: RawContent,
  ): void {
    this.#onChange({ kind, path: `rbd:${specOf(namespace, name)}`, inode, before });
  }

  /** Clones that are registered as leaning on a snapshot, in every pool. */
  childrenOf(
    parent: Namespace,
    image: ClusterImage,
    snapshotId: number,
  ): readonly { readonly namespace: Namespace; readonly id: string }[] {
    const key = childrenKey(parent, image.id, snapshotId);
    const found: { namespace: Namespace; id: string }[] = [];
    for (const { namespaces } of this.pools.values()) {
      for (const namespace of namespaces.values()) {
        for (const id of namespace.children.get(key) ?? []) found.push({ namespace, id });
      }
    }
    return found;
  }
}

function noteTwoNames(image: ClusterImage): void {
  const isUsed = [...image.watchers].some(({ isGuest }) => isGuest);
  if (isUsed && namesOf(image).length > 1) image.wasUsedByTwoNames = true;
}
