/**
 * VMware disks ("Virtual Disk Format 5.0", VMware 2011; block/vmdk.c of qemu 7.2). Accepted is one
 * file that holds all its data behind its own header: create types monolithicSparse and
 * streamOptimized. Every other create type keeps the data in files that the descriptor names.
 */
import { sectorBytes, type FormatParser, type Signatures } from '../format-parser.ts';
import type { ImageLimits } from '../limits.ts';
import type { Bytes, Reader } from '../reader.ts';
import { judge, type Violation } from '../violation.ts';
import { parseVmdkDescriptor, type VmdkDescriptor } from './vmdk-descriptor.ts';
import { vmdkHeaderBytes, vmdkMagic } from './vmdk-header.ts';
import { parseVmdkSparse } from './vmdk-sparse.ts';

const vmfsSparseMagic = 'COWD';
const seSparseMagic = '\xbe\xba\xfe\xca\0\0\0\0';
/**
 * What qemu looks for in the first sector, and somewhat more: comments, empty lines, then the
 * version.
 */
const descriptorStart = /^(?:#[^\n]*\n|[ \t]*\r?\n)*[ \t]*version[ \t]*=|disk descriptorfile/i;

export const vmdk: FormatParser = {
  format: 'vmdk',

  matches: ({ head }: Signatures) =>
    head.startsWith(vmdkMagic) || isForeignSparse(head) || isDescriptor(head),

  async parse(reader, limits) {
    const head = await reader.read(0, vmdkHeaderBytes);
    if (head.startsWith(vmdkMagic)) return parseVmdkSparse(head, reader, limits);
    if (isForeignSparse(head)) {
      return {
        virtualSizeBytes: 0,
        violations: judge([[true, 'NOT_ACCEPTED', 'sparse disks of ESX hosts are not accepted']]),
      };
    }
    return parseDescriptorFile(reader, limits);
  },
};

/** The two formats of snapshots on ESX hosts, which hold only what differs from a parent. */
function isForeignSparse(head: Bytes): boolean {
  return head.startsWith(vmfsSparseMagic) || head.startsWith(seSparseMagic);
}

function isDescriptor(head: Bytes): boolean {
  return descriptorStart.test(head.latin1(0, sectorBytes));
}

async function parseDescriptorFile(reader: Reader, limits: ImageLimits) {
  const isTooLong = reader.sizeBytes > limits.maxDescriptorBytes;
  const bytes = await reader.read(0, Math.min(reader.sizeBytes, limits.maxDescriptorBytes));
  const descriptor = parseVmdkDescriptor(bytes.latin1(0, bytes.length));
  return {
    virtualSizeBytes: sizeOfExtents(descriptor),
    violations: [
      ...judge([
        [true, 'EXTERNAL_EXTENT', 'the file only describes a disk whose data lies in other files'],
        [
          isTooLong,
          'DESCRIPTOR',
          `the descriptor is longer than ${limits.maxDescriptorBytes} bytes`,
        ],
      ]),
      ...judgeCreateType(descriptor),
      ...descriptor.violations,
    ],
  };
}

/**
 * The create types that keep the data in the file of the descriptor never have a file that is only
 * a descriptor.
 */
function judgeCreateType({ values }: VmdkDescriptor): Violation[] {
  const createType = values.get('createType');
  return judge([
    [
      createType !== undefined,
      'NOT_ACCEPTED',
      'only the create types monolithicSparse and streamOptimized, in one file, are accepted',
    ],
  ]);
}

function sizeOfExtents({ extents }: VmdkDescriptor): number {
  return extents.reduce((sum, { sectors }) => sum + sectors, 0) * sectorBytes;
}
