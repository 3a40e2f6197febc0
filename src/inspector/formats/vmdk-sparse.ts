/**
 * Judges a VMDK that begins with its own header: the header, a footer that may stand for it, and
 * the descriptor inside.
 */
import { sectorBytes, type FormatReport } from '../format-parser.ts';
import type { ImageLimits } from '../limits.ts';
import type { Bytes, Reader } from '../reader.ts';
import { judgeTable } from '../table.ts';
import { judge, violation, type Violation } from '../violation.ts';
import { parseVmdkDescriptor, type VmdkExtent } from './vmdk-descriptor.ts';
import {
  readVmdkHeader,
  sameButPlaces,
  vmdkHeaderBytes,
  vmdkMagic,
  type VmdkHeader,
} from './vmdk-header.ts';

/**
 * Every program writes the descriptor behind the header, and qemu reads it there whatever the
 * header says.
 */
const descriptorSector = 1;
const versionMost = 3;
const entriesPerTable = 512;
const entryBytes = 4;
const grainSectorsLeast = 8;
const grainSectorsMost = 4096;
const compression = { none: 0, deflate: 1 } as const;
/** At the end of the file: a marker, the footer, and the marker that ends the stream. */
const trailerBytes = 3 * sectorBytes;
const footerMarkerType = 3;

export async function parseVmdkSparse(
  head: Bytes,
  reader: Reader,
  limits: ImageLimits,
): Promise<FormatReport> {
  const header = readVmdkHeader(head);
  const trailer = await reader.read(Math.max(0, reader.sizeBytes - trailerBytes), trailerBytes);
  const footer = footerOf(trailer, reader.sizeBytes);
  return {
    virtualSizeBytes: header.capacitySectors * sectorBytes,
    violations: [
      ...judge([[head.length < vmdkHeaderBytes, 'TRUNCATED', 'the header is cut off']]),
      ...judgeHeader(header, limits),
      ...(header.isDirectoryAtEnd
        ? judgeFooter(head, footer, reader.sizeBytes, limits)
        : [...judgeTrailer(trailer), ...judgeTables(header, reader.sizeBytes, limits)]),
      ...(await judgeDescriptor(header, reader, limits)),
    ],
  };
}

/** The footer between its two markers, or undefined where these are not whole. */
function footerOf(trailer: Bytes, fileBytes: number): Bytes | undefined {
  const marker = trailer.slice(0, sectorBytes);
  const footer = trailer.slice(sectorBytes, 2 * sectorBytes);
  const end = trailer.latin1(2 * sectorBytes, trailerBytes);
  const isWhole =
    fileBytes % sectorBytes === 0 &&
    fileBytes >= trailerBytes + vmdkHeaderBytes &&
    marker.u32le(8) === 0 &&
    marker.u32le(12) === footerMarkerType &&
    footer.startsWith(vmdkMagic) &&
    /^\0*$/.test(end);
  return isWhole ? footer : undefined;
}

function judgeHeader(header: VmdkHeader, limits: ImageLimits): Violation[] {
  const { version, grainSectors, isCompressed } = header;
  const isPowerOfTwo = Number.isInteger(Math.log2(grainSectors));
  const wantedCompression = isCompressed ? compression.deflate : compression.none;
  return judge([
    [version < 1 || version > versionMost, 'VERSION', `VMDK version ${version} is not known`],
    [!header.hasLineEnds, 'CORRUPT', 'the file was changed by a transfer as text'],
    [header.isOpen, 'CORRUPT', 'the image is marked as not closed cleanly'],
    [
      !isPowerOfTwo ||
        grainSectors < grainSectorsLeast ||
        grainSectors > grainSectorsMost ||
        grainSectors * sectorBytes > limits.maxClusterBytes,
      'CLUSTER_SIZE',
      'grains have to be of 4 KiB to 2 MiB',
    ],
    [
      header.entriesPerTable !== entriesPerTable,
      'CORRUPT',
      `grain tables of ${header.entriesPerTable} entries are not valid`,
    ],
    [
      header.compression !== wantedCompression,
      'UNKNOWN_FEATURE',
      `compression type ${header.compression} is not valid`,
    ],
    // To qemu such a header means: what the disk consists of stands in the descriptor.
    [header.capacitySectors === 0, 'EXTERNAL_EXTENT', 'the header leaves its data to other files'],
  ]);
}

/** The footer repeats the header, and says where the grain directory is. */
function judgeFooter(
  head: Bytes,
  footer: Bytes | undefined,
  fileBytes: number,
  limits: ImageLimits,
): Violation[] {
  if (footer === undefined) return [violation('TRUNCATED', 'the footer is missing')];
  if (!sameButPlaces(head, footer)) {
    return [violation('AMBIGUOUS', 'the footer differs from the header')];
  }
  return judgeTables(readVmdkHeader(footer), fileBytes, limits);
}

/** Without need, a program that reads from the end would take a second header for the footer. */
function judgeTrailer(trailer: Bytes): Violation[] {
  const isSecond = trailer.length === trailerBytes && trailer.startsWith(vmdkMagic, sectorBytes);
  return judge([[isSecond, 'AMBIGUOUS', 'a second header stands at the end of the file']]);
}

function judgeTables(header: VmdkHeader, fileBytes: number, limits: ImageLimits): Violation[] {
  const tables = Math.ceil(header.capacitySectors / (header.grainSectors * entriesPerTable));
  const directory = { lengthBytes: tables * entryBytes, alignmentBytes: sectorBytes };
  return [
    ...judgeTable(
      { ...directory, name: 'grain directory', position: header.directoryPosition },
      fileBytes,
      limits,
    ),
    ...(header.copyPosition === undefined
      ? []
      : judgeTable(
          { ...directory, name: 'copy of the grain directory', position: header.copyPosition },
          fileBytes,
          limits,
        )),
    ...judge([
      [
        !(header.overheadSectors * sectorBytes <= fileBytes),
        'TRUNCATED',
        'the file ends before the data begins',
      ],
    ]),
  ];
}

async function judgeDescriptor(
  header: VmdkHeader,
  reader: Reader,
  limits: ImageLimits,
): Promise<Violation[]> {
  const lengthBytes = header.descriptorSectors * sectorBytes;
  if (header.descriptorSector !== descriptorSector || lengthBytes === 0) {
    return [violation('DESCRIPTOR', 'the descriptor is not where it has to be')];
  }
  if (!(lengthBytes <= limits.maxDescriptorBytes)) {
    return [
      violation('DESCRIPTOR', `the descriptor is longer than ${limits.maxDescriptorBytes} bytes`),
    ];
  }
  const area = await reader.read(descriptorSector * sectorBytes, lengthBytes);
  const text = area.latin1(0, area.length);
  const end = text.indexOf('\0');
  if (end === 0) return [violation('DESCRIPTOR', 'the image has no descriptor')];
  const descriptor = parseVmdkDescriptor(end < 0 ? text : text.slice(0, end));
  return [
    ...judge([
      // qemu reads on until a NUL, whatever length the header names.
      [end < 0, 'DESCRIPTOR', 'the descriptor does not end in its place'],
      [
        end >= 0 && !isRest(text, end),
        'DESCRIPTOR',
        'more stands behind the end of the descriptor',
      ],
    ]),
    ...descriptor.violations,
    ...judgeContents(descriptor.values.get('createType'), descriptor.extents, header),
  ];
}

/** As many digits as a content id can have less than the one before it, but for the one that the NUL stands on. */
const restMax = 6;

/**
 * Whether nothing stands behind the end but what qemu itself leaves there: with each first write it writes another content
 * id, without leading zeros and what follows it nearer by so many (qemu 7.2, vmdk_write_cid; one image in 256).
 */
function isRest(text: string, end: number): boolean {
  const old = new Set(`\0${text.slice(Math.max(0, end - restMax), end)}`.split(''));
  const rest = text.slice(end + 1);
  const isOld = rest
    .slice(0, restMax)
    .split('')
    .every((byte) => old.has(byte));
  return isOld && /^\0*$/.test(rest.slice(restMax));
}

/** The descriptor inside has to say of the file what its header says. */
function judgeContents(
  createType: string | undefined,
  extents: readonly VmdkExtent[],
  header: VmdkHeader,
): Violation[] {
  const [extent] = extents;
  const isOwn = (createType === 'streamOptimized') === header.isCompressed;
  return judge([
    [
      createType !== 'monolithicSparse' && createType !== 'streamOptimized',
      'NOT_ACCEPTED',
      'only the create types monolithicSparse and streamOptimized are accepted',
    ],
    [!isOwn, 'DESCRIPTOR', 'the create type contradicts the header'],
    [
      extents.length !== 1 || extent === undefined || !isFileItself(extent),
      'EXTERNAL_EXTENT',
      'the descriptor names extents other than the file itself',
    ],
    [
      extent !== undefined && extent.sectors !== header.capacitySectors,
      'DESCRIPTOR',
      'the size of the extent contradicts the header',
    ],
  ]);
}

/**
 * The one extent of such a disk is the file that holds the descriptor, under the name that it was
 * made with: no path, and no offset into another file.
 */
function isFileItself({ access, type, name }: VmdkExtent): boolean {
  return (
    (access === 'RW' || access === 'RDONLY') &&
    type === 'SPARSE' &&
    /^[^/\\:]+$/.test(name) &&
    name !== '.' &&
    name !== '..'
  );
}
