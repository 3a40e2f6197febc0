/** What a caller declares has to be what the file is (B143). */
import { afterAll, describe, expect, test } from 'vitest';
import { checkDeclaredFormat } from '../../src/inspector/inspect.ts';
import { PlatterError } from '../../src/errors.ts';
import { codesOf, CorpusDirectory, inspectBytes } from './corpus.ts';

const corpus = new CorpusDirectory();
afterAll(() => corpus.remove());

const declarations = [
  ['raw of 1000 bytes', ['raw']],
  ['mbr with GRUB', ['raw', 'mbr']],
  ['gpt of sgdisk', ['raw', 'gpt']],
  ['iso of genisoimage', ['iso']],
  ['iso with a gpt', ['iso']],
  ['qcow2 compat=1.1 10M', ['qcow2']],
  ['vmdk 10M', ['vmdk']],
  ['vpc subformat=fixed 1000', ['vpc', 'vhd']],
  ['vhdx 10M', ['vhdx']],
  ['vdi 10M', ['vdi']],
  ['parallels 10M', ['parallels', 'ploop']],
] as const;

const all = [
  'raw',
  'gpt',
  'mbr',
  'iso',
  'qcow2',
  'qed',
  'vmdk',
  'vpc',
  'vhd',
  'vhdx',
  'vdi',
].concat('parallels', 'ploop', 'luks');

describe.each(declarations)('%s', (name, accepted: readonly string[]) => {
  test.each(all)('declared as %s', async (declared) => {
    const inspection = await inspectBytes(corpus.bytesOf(name), checkDeclaredFormat(declared));
    expect(codesOf(inspection)).toEqual(accepted.includes(declared) ? [] : ['FORMAT_MISMATCH']);
  });
});

test.each(['qcow', 'RAW', 'aki', 'toString', '__proto__', ''])('%j is no format', (declared) => {
  expect(() => checkDeclaredFormat(declared)).toThrow(PlatterError);
});
