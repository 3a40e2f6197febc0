/** A raw disk with an MBR partition table and no GPT: to tools it is raw. */
import { wholeSectors, type FormatParser } from '../format-parser.ts';
import { gpt } from './gpt.ts';
import { readPartitionTable } from './partition-table.ts';

export const mbr: FormatParser = {
  format: 'mbr',

  matches: (signatures) =>
    readPartitionTable(signatures.head).length > 0 && !gpt.matches(signatures),

  parse: ({ sizeBytes }) =>
    Promise.resolve({ virtualSizeBytes: wholeSectors(sizeBytes), violations: [] }),
};
