/** Raw images: of odd sizes, with file systems, partition tables and optical content. */
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import type { DetectedFormat } from '../../../src/inspector/format-parser.ts';
import type { BenignImage } from './benign.ts';
import { be32, edited, le16, le32, text } from './bytes.ts';
import { run } from './tools.ts';

function bytes(name: string, content: Uint8Array, format: DetectedFormat = 'raw'): BenignImage {
  return { name, format, make: (path) => writeFileSync(path, content) };
}

function sized(sizeBytes: number): BenignImage {
  return bytes(`raw of ${sizeBytes} bytes`, new Uint8Array(sizeBytes).fill(0x5a));
}

const bootSignature = le16(510, 0xaa55);

/** A file system right at the start of a disk: its boot sector ends as a partition table does. */
const fat = edited(
  new Uint8Array(65536),
  text(0, '\xeb\x3c\x90mkfs.fat'),
  text(54, 'FAT16   '),
  text(62, 'This is not a bootable disk.'),
  bootSignature,
);
const ntfs = edited(
  new Uint8Array(65536),
  text(0, '\xeb\x52\x90NTFS    '),
  text(400, 'A disk read error occurred\0BOOTMGR is compressed\0Press Ctrl+Alt+Del to restart\r\n'),
  bootSignature,
);
/** The super block of ext4, which leaves the boot sector alone. */
const ext4 = edited(new Uint8Array(65536), le16(1024 + 56, 0xef53));
/** The header of GRUB's boot sector and one partition. */
const grub = edited(
  new Uint8Array(65536),
  text(0, '\xeb\x63\x90'),
  text(384, 'GRUB \0Geom\0Hard Disk\0Read\0 Error'),
  le32(446 + 8, 2048),
  le32(446 + 12, 100),
  text(446 + 4, '\x83'),
  bootSignature,
);
/** Two bytes that look like a partition table, and nothing in it. */
const bootSectorOnly = edited(new Uint8Array(65536), be32(0, 0xeb000000), bootSignature);

function blank(path: string, sizeBytes = 4 * 1024 ** 2): void {
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
}

function makeIso(path: string): void {
  mkdirSync(`${path}.tree`);
  writeFileSync(`${path}.tree/meta-data`, 'instance-id: one\n');
  run('genisoimage', '-quiet', '-output', path, '-volid', 'cidata', '-joliet', `${path}.tree`);
}

function makeGpt(path: string): void {
  run('sgdisk', '--clear', '--new=1:2048:+1024', path);
}

function makeMbr(path: string): void {
  blank(path);
  run('sgdisk', '--clear', '--new=1:2048:+1024', '--gpttombr=1', path);
}

export const rawImages: readonly BenignImage[] = [
  ...[1, 511, 512, 1000, 65535, 1024 ** 2 + 1].map(sized),
  bytes('raw with FAT', fat),
  bytes('raw with NTFS', ntfs),
  bytes('raw with ext4', ext4),
  bytes('raw with a boot sector', bootSectorOnly),
  bytes('mbr with GRUB', grub, 'mbr'),
  {
    name: 'raw with data',
    format: 'raw',
    make: (path, content) => copyFileSync(content, path),
  },
  { name: 'mbr of sgdisk', format: 'mbr', make: makeMbr },
  {
    name: 'gpt of sgdisk',
    format: 'gpt',
    make: (path) => {
      blank(path);
      makeGpt(path);
    },
  },
  { name: 'iso of genisoimage', format: 'iso', make: makeIso },
  {
    name: 'iso with a gpt',
    format: 'iso',
    make: (path) => {
      makeIso(path);
      truncateSync(path, 4 * 1024 ** 2);
      makeGpt(path);
    },
  },
  {
    // As isohybrid makes them, for optical and USB media at once.
    name: 'iso with an mbr',
    format: 'iso',
    make: (path) => {
      makeIso(path);
      const partition = [text(446, '\x80'), text(446 + 4, '\x17'), le32(446 + 8, 1)];
      const edits = [...partition, le32(446 + 12, 700), bootSignature];
      writeFileSync(path, edited(readFileSync(path), ...edits));
    },
  },
  {
    name: 'vpc fixed around a partition table',
    format: 'vpc',
    make: (path) => {
      makeMbr(`${path}.raw`);
      const args = ['convert', '-f', 'raw', '-O', 'vpc', '-o', 'subformat=fixed'];
      run('qemu-img', ...args, `${path}.raw`, path);
    },
  },
];
