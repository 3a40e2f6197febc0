/** The record of an image: what platter keeps of it outside of the guest's reach. */
import type { Config, ImageType } from '../config/config.ts';
import { instanceDirectory } from '../config/layout.ts';
import { PlatterError } from '../errors.ts';
import { formatAddress, type ImageAddress } from '../names.ts';
import type { Session } from '../operations/step.ts';
import type { FileStat } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { readRecord, type Recorded } from '../workspace/record.ts';
import type { CreateOrder, ShareOrder } from './driver.ts';

export interface ImageRecord {
  readonly instance: string;
  readonly disk: string;
  readonly backend: ImageType;
  readonly format: string;
  readonly template: string | null;
  readonly templateSha256: string | null;
  readonly method: string | null;
  /** ISO time in UTC. */
  readonly createdAt: string;
  /** What an image is in that is no file; absent where an earlier platter has made it. */
  readonly store?: Store;
}

/** A pool of a cluster, or a volume group: of groups several hosts may have one of a name. */
export interface Store {
  readonly name: string;
  readonly uuid?: string;
}

/**
 * What stands under an address, as far as it was looked at: passed on, so that one operation looks once. What nobody has
 * looked at is absent.
 */
export interface Look {
  /** `recorded` is undefined where there is no record. */
  readonly record: { readonly recorded: Recorded<ImageRecord> | undefined };
  /** `there` is undefined where nothing stands at the path below the instances path. */
  readonly file?: { readonly there: FileStat | undefined };
}

export async function lookForRecord(
  { filesystem }: Pick<Host, 'filesystem'>,
  config: Config,
  { instance, disk }: ImageAddress,
): Promise<Look> {
  const directory = instanceDirectory(config, instance);
  return { record: { recorded: await readRecord<ImageRecord>(filesystem, directory, disk) } };
}

const storeKeys = { rbd: 'rbd.pool', lvm: 'lvm.volume_group' } as const;

/** CONFIG_INVALID where the image is in another one: what is not there, or has its name there, is not to be judged by that. */
export function requireStore(
  { instance, disk, backend, store }: ImageRecord,
  configured: Store,
): void {
  const isIt =
    store?.uuid === undefined ? store?.name === configured.name : store.uuid === configured.uuid;
  if (store === undefined || isIt || (backend !== 'rbd' && backend !== 'lvm')) return;
  const name = formatAddress({ instance, disk });
  throw new PlatterError('CONFIG_INVALID', `${name} is on record in ${describe(store)}`, {
    details: { key: storeKeys[backend], recorded: store, configured },
    hint: `set ${storeKeys[backend]} to that; if it is gone for good, remove the record`,
  });
}

function describe({ name, uuid }: Store): string {
  return uuid === undefined ? `the pool "${name}"` : `the volume group "${name}" (${uuid})`;
}

/** The record of an image that is about to be published. */
export function recordOf(
  { host, method }: Session,
  { address, base }: Pick<CreateOrder | ShareOrder, 'address' | 'base'>,
  { type, format, store }: { type: ImageType; format: string; store?: Store },
): ImageRecord {
  return {
    ...address,
    backend: type,
    format,
    template: templateOf(base),
    templateSha256: templateSha256Of(base),
    method: method ?? null,
    createdAt: new Date(host.clock.now()).toISOString(),
    ...(store === undefined ? {} : { store }),
  };
}

function templateOf(base: CreateOrder['base'] | ShareOrder['base']): string | null {
  if (base.kind === 'template') return base.name;
  return base.kind === 'snapshot' ? base.origin.template : null;
}

function templateSha256Of(base: CreateOrder['base'] | ShareOrder['base']): string | null {
  if (base.kind === 'template') return base.sha256;
  return base.kind === 'snapshot' ? (base.origin.templateSha256 ?? null) : null;
}
