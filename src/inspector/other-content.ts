/**
 * Files that are no disks, and are given as images by mistake: what was not decompressed, or the page of a web server in
 * the place of the image. Known only to be told of: for tools they are raw as any others, and a disk may begin so.
 */
import type { Bytes } from './reader.ts';

export type OtherContent = 'gzip' | 'xz' | 'zstd' | 'bzip2' | 'zip' | 'tar' | 'html' | 'xml';

/** Of archives and compressed files the bytes at a position, as characters. */
const signatures: readonly (readonly [OtherContent, number, string])[] = [
  ['gzip', 0, '\x1f\x8b\x08'],
  ['xz', 0, '\xfd7zXZ\0'],
  ['zstd', 0, '\x28\xb5\x2f\xfd'],
  ['zip', 0, 'PK\x03\x04'],
  ['tar', 257, 'ustar'],
];

const bzip2 = /^BZh[1-9]1AY&SY/;
const html = /^(<!doctype html|<html[\s>])/i;
const xml = /^<(\?xml\s|!doctype\s)/i;
/** Spaces and comments may come first. */
const textBytes = 1024;

/** What a file without any format of disks begins as; undefined for what may well be one. */
export function otherContentOf(head: Bytes): OtherContent | undefined {
  const known = signatures.find(([, position, bytes]) => head.startsWith(bytes, position));
  if (known !== undefined) return known[0];
  const start = head.latin1(0, textBytes);
  if (bzip2.test(start)) return 'bzip2';
  const text = start.replace(/^\xef\xbb\xbf/, '').replace(/^(\s|<!--[^]*?-->)+/, '');
  if (html.test(text)) return 'html';
  return xml.test(text) ? 'xml' : undefined;
}

/** What to do, for people. */
export function adviceOn(content: OtherContent): string {
  switch (content) {
    case 'html':
    case 'xml':
      return 'is that the address of the image itself?';
    case 'zip':
    case 'tar':
      return 'take the image out of it first.';
    default:
      return 'decompress it first.';
  }
}
