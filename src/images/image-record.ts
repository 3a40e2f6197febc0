/** The record of an image: what platter keeps of it outside of the guest's reach. */
import type { ImageType } from '../config/config.ts';
import type { Session } from '../operations/step.ts';
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
}

/** The record of an image that is about to be published. */
export function recordOf(
  { host, method }: Session,
  { address, base }: Pick<CreateOrder | ShareOrder, 'address' | 'base'>,
  { type, format }: { type: ImageType; format: string },
): ImageRecord {
  return {
    ...address,
    backend: type,
    format,
    template: templateOf(base),
    templateSha256: base.kind === 'template' ? base.sha256 : null,
    method: method ?? null,
    createdAt: new Date(host.clock.now()).toISOString(),
  };
}

function templateOf(base: CreateOrder['base'] | ShareOrder['base']): string | null {
  if (base.kind === 'template') return base.name;
  return base.kind === 'snapshot' ? base.origin.template : null;
}
