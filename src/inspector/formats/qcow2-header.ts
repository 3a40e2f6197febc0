/**
 * What a qcow2 image says of itself (docs/interop/qcow2.txt of qemu 7.2), read without judging: the
 * engine uses it on its own disks, so that showing one starts no tool. qcow2.ts judges an untrusted
 * file by it.
 */
import { toNumber } from '../format-parser.ts';
import type { Bytes, Reader } from '../reader.ts';

export const qcow2Magic = 'QFI\xfb';
const headerBytesV2 = 72;
export const headerBytesV3 = 104;

/**
 * An extension behind the header may be as long as the cluster; no benign list of them is longer
 * than this.
 */
const extensionsBytesMost = 64 * 1024;

/** Where qemu-img has written the file, its header, the extensions and the name of the backing file are in here. */
export const qcow2HeaderEnds = { headBytes: 4096 } as const;

export const extensionType = {
  backingFormat: 0xe2792aca,
  encryption: 0x0537be77,
  dataFile: 0x44415441,
  bitmaps: 0x23852875,
  featureNames: 0x6803f857,
};

interface Qcow2Extension {
  readonly type: number;
  /** Of its content, in the file. */
  readonly position: number;
  readonly lengthBytes: number;
}

export interface Qcow2Snapshot {
  readonly id: string;
  readonly name: string;
  /** Of its entry in the table. */
  readonly position: number;
  readonly createdAtMs: number;
  readonly l1Position: number;
  readonly l1Entries: number;
  /** Size of the disk when the snapshot was made; the current size where the image does not say. */
  readonly sizeBytes: number;
}

export interface Qcow2Header {
  readonly version: number;
  readonly virtualSizeBytes: number;
  readonly clusterBits: number;
  readonly clusterSizeBytes: number;
  readonly encryptionMethod: number;
  readonly l1Entries: number;
  readonly l1Position: number;
  readonly refcountPosition: number;
  readonly refcountClusters: number;
  readonly snapshotCount: number;
  readonly snapshotsPosition: number;
  readonly incompatibleFeatures: bigint;
  readonly autoclearFeatures: bigint;
  readonly refcountOrder: number;
  readonly headerBytes: number;
  readonly compressionType: number;
  readonly backingFilePosition: number;
  readonly backingFileBytes: number;
  /** Absent when there is none; undefined text when it is no UTF-8. */
  readonly backingFile?: { readonly name: string | undefined };
  readonly backingFormat?: string;
  readonly extensions: readonly Qcow2Extension[];
  /** Whether the list of extensions ended as it must. */
  readonly extensionsWhole: boolean;
}

/** The header, or undefined where the file has none. */
export async function readQcow2Header(reader: Reader): Promise<Qcow2Header | undefined> {
  const fixed = await reader.read(0, headerBytesV3 + 8);
  if (!fixed.startsWith(qcow2Magic) || fixed.length < headerBytesV2) return undefined;
  const version = fixed.u32be(4);
  const isV3 = version >= 3;
  const clusterBits = fixed.u32be(20);
  const clusterSizeBytes = clusterBits <= 30 ? 2 ** clusterBits : Infinity;
  const headerBytes = isV3 ? fixed.u32be(100) : headerBytesV2;
  const backingFilePosition = toNumber(fixed.u64be(8));
  const backingFileBytes = fixed.u32be(16);
  const { extensions, whole, backingFormat } = await readExtensions(
    reader,
    headerBytes,
    backingFilePosition === 0 ? clusterSizeBytes : Math.min(clusterSizeBytes, backingFilePosition),
  );
  const backingFile = await readBackingFile(reader, backingFilePosition, backingFileBytes);
  return {
    version,
    virtualSizeBytes: toNumber(fixed.u64be(24)),
    clusterBits,
    clusterSizeBytes,
    encryptionMethod: fixed.u32be(32),
    l1Entries: fixed.u32be(36),
    l1Position: toNumber(fixed.u64be(40)),
    refcountPosition: toNumber(fixed.u64be(48)),
    refcountClusters: fixed.u32be(56),
    snapshotCount: fixed.u32be(60),
    snapshotsPosition: toNumber(fixed.u64be(64)),
    incompatibleFeatures: isV3 ? fixed.u64be(72) : 0n,
    autoclearFeatures: isV3 ? fixed.u64be(88) : 0n,
    refcountOrder: isV3 ? fixed.u32be(96) : 4,
    headerBytes,
    compressionType: isV3 && headerBytes > 104 ? fixed.u8(104) : 0,
    backingFilePosition,
    backingFileBytes,
    ...(backingFile === undefined ? {} : { backingFile }),
    ...(backingFormat === undefined ? {} : { backingFormat }),
    extensions,
    extensionsWhole: whole,
  };
}

interface ExtensionList {
  readonly extensions: readonly Qcow2Extension[];
  /** Whether it has its end marker; `full` where it goes on to the end of the area. */
  readonly ended: boolean | 'full';
  readonly backingFormat: string | undefined;
}

async function readExtensions(reader: Reader, start: number, end: number) {
  if (start < headerBytesV2 || start > end) {
    return { extensions: [], whole: false, backingFormat: undefined };
  }
  const most = Math.min(end - start, extensionsBytesMost);
  const little = Math.min(most, Math.max(0, qcow2HeaderEnds.headBytes - start));
  let list = listExtensions(await reader.read(start, little), start);
  if (list.ended !== true && little < most) {
    list = listExtensions(await reader.read(start, most), start);
  }
  const { extensions, ended, backingFormat } = list;
  // A list that fills the area to its end needs no end marker (qemu accepts it); what was not read
  // may go on.
  const whole = ended === 'full' ? end - start <= extensionsBytesMost : ended;
  return { extensions, whole, backingFormat };
}

function listExtensions(area: Bytes, start: number): ExtensionList {
  const extensions: Qcow2Extension[] = [];
  let backingFormat: string | undefined;
  for (let offset = 0; offset + 8 <= area.length;) {
    const type = area.u32be(offset);
    const lengthBytes = area.u32be(offset + 4);
    if (lengthBytes > area.length - offset - 8) return { extensions, ended: false, backingFormat };
    // An end with content is one for qemu; other readers may go on behind it.
    if (type === 0) return { extensions, ended: lengthBytes === 0, backingFormat };
    extensions.push({ type, position: start + offset + 8, lengthBytes });
    if (type === extensionType.backingFormat) {
      backingFormat = area.latin1(offset + 8, offset + 8 + lengthBytes);
    }
    offset += 8 + Math.ceil(lengthBytes / 8) * 8;
  }
  return { extensions, ended: 'full', backingFormat };
}

async function readBackingFile(reader: Reader, position: number, lengthBytes: number) {
  if (position === 0 && lengthBytes === 0) return undefined;
  if (!Number.isFinite(position) || lengthBytes > 1023) return { name: undefined };
  const bytes = await reader.read(position, lengthBytes);
  return { name: bytes.length === lengthBytes ? bytes.utf8(0, lengthBytes) : undefined };
}

/** The snapshot table, oldest snapshot first; undefined where it is not whole. */
export async function readQcow2Snapshots(
  reader: Reader,
  header: Qcow2Header,
): Promise<readonly Qcow2Snapshot[] | undefined> {
  const snapshots: Qcow2Snapshot[] = [];
  let position = header.snapshotsPosition;
  for (let index = 0; index < header.snapshotCount; index += 1) {
    const fixed = await reader.read(position, 40);
    if (fixed.length < 40) return undefined;
    const idBytes = fixed.u16be(12);
    const nameBytes = fixed.u16be(14);
    const extraBytes = fixed.u32be(36);
    if (extraBytes > 1024) return undefined;
    const rest = await reader.read(position + 40, extraBytes + idBytes + nameBytes);
    if (rest.length < extraBytes + idBytes + nameBytes) return undefined;
    snapshots.push({
      ...snapshotOf(fixed, rest, header, { extraBytes, idBytes, nameBytes }),
      position,
    });
    position += Math.ceil((40 + extraBytes + idBytes + nameBytes) / 8) * 8;
  }
  return snapshots;
}

function snapshotOf(
  fixed: Bytes,
  rest: Bytes,
  header: Qcow2Header,
  lengths: { extraBytes: number; idBytes: number; nameBytes: number },
): Omit<Qcow2Snapshot, 'position'> {
  const { extraBytes, idBytes, nameBytes } = lengths;
  return {
    id: rest.latin1(extraBytes, extraBytes + idBytes),
    name: Buffer.from(
      rest.raw.subarray(extraBytes + idBytes, extraBytes + idBytes + nameBytes),
    ).toString(),
    l1Position: toNumber(fixed.u64be(0)),
    l1Entries: fixed.u32be(8),
    createdAtMs: fixed.u32be(16) * 1000 + Math.floor(fixed.u32be(20) / 1e6),
    sizeBytes: extraBytes >= 16 ? toNumber(rest.u64be(8)) : header.virtualSizeBytes,
  };
}
