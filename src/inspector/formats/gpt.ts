/** A raw disk with a GUID partition table (UEFI specification 2.10, 5.3): to tools it is raw. */
import { wholeSectors, type FormatParser } from '../format-parser.ts';
import { protectiveType, readPartitionTable } from './partition-table.ts';

const signature = 'EFI PART';
/** The header is the second sector, on disks with sectors of 512 or of 4096 bytes. */
const headerPositions = [512, 4096];

export const gpt: FormatParser = {
  format: 'gpt',

  matches: ({ head }) =>
    readPartitionTable(head).some(({ type }) => type === protectiveType) &&
    headerPositions.some((position) => head.startsWith(signature, position)),

  parse: ({ sizeBytes }) =>
    Promise.resolve({ virtualSizeBytes: wholeSectors(sizeBytes), violations: [] }),
};
