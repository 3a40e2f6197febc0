/** Writes the first content of a volume that shares its data with none. */

import { managed } from '../../ingress/proven.ts';
import type { Session } from '../../operations/step.ts';
import type { CreateOrder } from '../driver.ts';
import { syncContent, writeContent, writeZeros } from './content.ts';
import { closeMap, openMap } from './crypt.ts';
import type { DiskKey } from './disk-key.ts';
import { devicePath, privateName } from './names.ts';
import type { Place } from './place.ts';
import { withSnapshot } from './snapshot-device.ts';

export type VolumeKind = 'thick' | 'thin' | 'sparse';

export interface Filling {
  readonly order: CreateOrder;
  /** Undefined where the disk is not encrypted. */
  readonly key: DiskKey | undefined;
  readonly kind: VolumeKind;
}

/** Durable when it resolves; an encrypted volume is not mapped then. */
export async function fillVolume(
  place: Place,
  session: Session,
  { order, key, kind }: Filling,
): Promise<void> {
  const name = privateName(session.workspace.id);
  const volume = devicePath(place.group, name);
  const device = key === undefined ? volume : await openMap(place, session, name, key);
  const fromBytes = await copyBase(place, session, order, { volume, device });
  // What was never written to reads as zeros by itself in a pool alone, and there only where nothing decrypts it.
  const isZero = kind !== 'thick' && key === undefined;
  if (!isZero) await writeZeros(session, device, { fromBytes, toBytes: order.sizeBytes });
  await syncContent(session, device);
  if (key !== undefined) await closeMap(place, session, name);
}

/** Resolves to how far the content reaches. */
async function copyBase(
  place: Place,
  session: Session,
  { base }: CreateOrder,
  { volume, device }: { volume: string; device: string },
): Promise<number> {
  switch (base.kind) {
    case 'blank':
      return 0;
    case 'snapshot': {
      const { id, sizeBytes } = base.snapshot;
      // The snapshot of an encrypted disk is copied as it is: the copy has the same key.
      const isCiphertext = base.origin.storage?.['encrypted'] === true;
      await withSnapshot(place, session, id, (path) =>
        writeContent(
          place,
          session,
          managed(path, 'raw', sizeBytes),
          isCiphertext ? volume : device,
        ),
      );
      return sizeBytes;
    }
    case 'template':
    case 'private file': {
      const source = base.kind === 'template' ? base.image : base.image();
      await writeContent(place, session, source, device);
      return source.virtualSizeBytes;
    }
  }
}
