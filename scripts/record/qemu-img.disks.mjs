// The disks that the recorders of faults and power losses work on.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { KiB, must, ROOT } from './record-qemu.mjs';
import { open } from './qemu-img.qcow2.mjs';
import { oneThread, traced } from './qemu-img.strace.mjs';

export const D = `${ROOT}/qemu-img`;
export const at = (name) => `${D}/${name}`;
export const TARGET = at('disk.qcow2');
export const BASE = at('base.raw');

export const DESCRIPTION = {
  disk: 'overlay of base.raw (8 MiB, holes at every 8th cluster), 64 KiB clusters, about 5 MiB of scattered data: snapshot s1 at 16 MiB, then writes, snapshot s2 at 24 MiB, then writes; now 32 MiB',
  short: 'disk, then snapshot -a s1 and some writes: now 16 MiB, with s2 of 24 MiB',
  same: 'disk, then snapshot -a s2 and some writes: now 24 MiB, with s2 of 24 MiB',
  fresh:
    'disk, then snapshot s3 and some writes: still 32 MiB, with s3 of 32 MiB that was never applied yet',
  flat: 'disk, then both snapshots deleted',
  many: 'like disk, but with clusters of 4 KiB: 32 MiB, an L1 table of 16 entries, many L2 tables and refcount blocks',
  tiny: 'like fresh, but with clusters of 1 KiB: an L1 table of 256 entries, 2 KiB, four sectors',
  leaky: 'disk, then a snapshot -d s2 that was killed before its third pwrite64',
  flags: 'flat, with the copied flag of three L2 entries cleared',
  refcount: 'flat, with the refcount of its L2 table set to 0',
};

function writeBase() {
  const fd = openSync(BASE, 'w');
  for (let n = 0; n < 128; n += 1) {
    if (n % 8 !== 7) {
      writeSync(fd, Buffer.alloc(64 * KiB, 1 + n), 0, 64 * KiB, n * 64 * KiB);
    }
  }
  closeSync(fd);
  must(['truncate', '-s', '8M', BASE]);
}

const io = (...commands) =>
  must(['qemu-io', '-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), TARGET]);
const img = (...args) => must(['qemu-img', ...args]);
const keep = (name) => must(['cp', '--sparse=always', TARGET, at(`${name}.golden`)]);
const restore = (name) => must(['cp', '--sparse=always', at(`${name}.golden`), TARGET]);

/** `count` writes of 64 KiB from `start` on, `stride` clusters apart, and one of 4 KiB inside a cluster. */
function scatter(byte, start, stride, count) {
  const list = Array.from(
    { length: count },
    (_, n) => `write -P ${((byte + n) % 255) + 1} ${(start + n * stride) * 64}k 64k`,
  );
  return [...list, `write -P ${byte + 60} ${(start + stride * count) * 64 + 8}k 4k`];
}

/** The overlay with s1 and s2, now 32 MiB. */
function makeDisk(clusterSize) {
  img(
    'create',
    '-q',
    '-f',
    'qcow2',
    '-o',
    `cluster_size=${clusterSize}`,
    '-b',
    BASE,
    '-F',
    'raw',
    TARGET,
    '16M',
  );
  io(...scatter(10, 1, 9, 28));
  img('snapshot', '-c', 's1', TARGET);
  img('resize', '-q', '-f', 'qcow2', TARGET, '24M');
  io(...scatter(50, 1, 18, 20));
  img('snapshot', '-c', 's2', TARGET);
  img('resize', '-q', '-f', 'qcow2', TARGET, '32M');
  io(...scatter(120, 10, 21, 23));
}

/** Makes `<name>.golden` for each disk above. */
export function makeDisks() {
  writeBase();
  makeDisk('4k');
  keep('many');
  makeDisk('1k');
  img('snapshot', '-c', 's3', TARGET);
  io(...scatter(170, 4, 30, 16));
  keep('tiny');
  makeDisk('64k');
  keep('disk');
  img('snapshot', '-c', 's3', TARGET);
  io(...scatter(170, 4, 30, 6));
  keep('fresh');
  restore('disk');
  img('snapshot', '-a', 's1', TARGET);
  io(...scatter(180, 2, 30, 6));
  keep('short');
  restore('disk');
  img('snapshot', '-a', 's2', TARGET);
  io(...scatter(190, 3, 30, 6));
  keep('same');
  restore('disk');
  img('snapshot', '-d', 's1', TARGET);
  img('snapshot', '-d', 's2', TARGET);
  keep('flat');
  restore('disk');
  traced(oneThread(['qemu-img', 'snapshot', '-d', 's2', TARGET]), TARGET, {
    inject: 'pwrite64:signal=KILL:when=3',
  });
  keep('leaky');
  damage('flags', (file, l2) => {
    for (const n of [1, 10, 19]) {
      file[l2 + 8 * n] &= 0x7f;
    }
  });
  damage('refcount', (file, l2, block) => file.writeUInt16BE(0, block + (2 * l2) / 65536));
}

export const golden = (name) => at(`${name}.golden`);

/** Puts a fresh copy of a golden disk at TARGET. */
export function place(name) {
  must(['cp', '--sparse=always', '--reflink=never', golden(name), TARGET]);
}

/** Makes a damaged disk out of `flat`: `change` gets the file, its only L2 table and its only refcount block. */
function damage(name, change) {
  restore('flat');
  const { l1, refcountTable } = open(TARGET);
  const file = readFileSync(TARGET);
  const pointer = (offset) => Number(file.readBigUInt64BE(offset) & 0xfffffffffffe00n);
  change(file, pointer(l1.offset), pointer(refcountTable.offset));
  writeFileSync(TARGET, file);
  keep(name);
}
