// A small reader of qcow2 version 3 for the recorders: what each cluster is for, and what each point in time reads as.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const OFFSET = 0x00fffffffffffe00n;
const HEADER_FIELDS = [
  [0, 'magic'],
  [8, 'backing file'],
  [24, 'size'],
  [36, 'L1 size and offset'],
  [48, 'refcount table offset and clusters'],
  [60, 'snapshot count and offset'],
  [72, 'incompatible features'],
  [80, 'compatible features'],
  [88, 'autoclear features'],
];

export function open(path) {
  const file = readFileSync(path);
  if (file.length < 104 || file.readUInt32BE(0) !== 0x514649fb) {
    return undefined;
  }
  const image = {
    file,
    clusterSize: 2 ** file.readUInt32BE(20),
    size: Number(file.readBigUInt64BE(24)),
    l1: { offset: Number(file.readBigUInt64BE(40)), entries: file.readUInt32BE(36) },
    refcountTable: { offset: Number(file.readBigUInt64BE(48)), clusters: file.readUInt32BE(56) },
    snapshotTable: {
      offset: Number(file.readBigUInt64BE(64)),
      count: file.readUInt32BE(60),
      length: 0,
    },
    incompatible: Number(file.readBigUInt64BE(72)),
  };
  return { ...image, snapshots: readSnapshots(image) };
}

function readSnapshots({ file, snapshotTable }) {
  const found = [];
  let at = snapshotTable.offset;
  for (let n = 0; n < snapshotTable.count; n += 1) {
    if (at + 40 > file.length) {
      return found;
    }
    const [idLength, nameLength, extra] = [
      file.readUInt16BE(at + 12),
      file.readUInt16BE(at + 14),
      file.readUInt32BE(at + 36),
    ];
    const text = at + 40 + extra;
    found.push({
      l1: { offset: Number(file.readBigUInt64BE(at)), entries: file.readUInt32BE(at + 8) },
      id: file.toString('utf8', text, text + idLength),
      name: file.toString('utf8', text + idLength, text + idLength + nameLength),
      size: extra >= 16 ? Number(file.readBigUInt64BE(at + 48)) : undefined,
    });
    at = Math.ceil((text + idLength + nameLength) / 8) * 8;
    snapshotTable.length = at - snapshotTable.offset;
  }
  return found;
}

const entry = (file, at) => (at + 8 <= file.length ? file.readBigUInt64BE(at) : 0n);

function* l2Tables({ file }, l1) {
  for (let n = 0; n < l1.entries; n += 1) {
    const offset = Number(entry(file, l1.offset + 8 * n) & OFFSET);
    if (offset !== 0) {
      yield [n, offset];
    }
  }
}

function dataClusters({ file, clusterSize }, l2) {
  const words = Array.from({ length: clusterSize / 8 }, (_, n) => entry(file, l2 + 8 * n));
  return words.map((word) => Number(word & OFFSET)).filter((data) => data !== 0);
}

/** From cluster number to the names of its uses. */
export function uses(image) {
  const map = new Map();
  if (image === undefined) {
    return map;
  }
  const { file, clusterSize } = image;
  const use = (offset, length, name) => {
    for (let at = Math.trunc(offset / clusterSize); at * clusterSize < offset + length; at += 1) {
      map.set(at, [...new Set([...(map.get(at) ?? []), name])]);
    }
  };
  use(0, clusterSize, 'header');
  const { refcountTable, snapshotTable } = image;
  use(refcountTable.offset, refcountTable.clusters * clusterSize, 'refcount table');
  for (let n = 0; n < (refcountTable.clusters * clusterSize) / 8; n += 1) {
    const offset = Number(entry(file, refcountTable.offset + 8 * n) & OFFSET);
    if (offset !== 0) {
      use(offset, clusterSize, 'refcount block');
    }
  }
  if (snapshotTable.count > 0) {
    use(snapshotTable.offset, snapshotTable.length, 'snapshot table');
  }
  const points = [
    ['active', image.l1],
    ...image.snapshots.map((snapshot) => [`snapshot ${snapshot.name}`, snapshot.l1]),
  ];
  for (const [name, l1] of points) {
    use(l1.offset, Math.max(8, l1.entries * 8), `L1 of ${name}`);
    for (const [, l2] of l2Tables(image, l1)) {
      use(l2, clusterSize, `L2 of ${name}`);
      for (const data of dataClusters(image, l2)) {
        use(data, clusterSize, `data of ${name}`);
      }
    }
  }
  return map;
}

/** Names what a write to a qcow2 file is for, from the uses of the cluster before and after the command. */
export function namer(before, after) {
  const [old, now] = [uses(before), uses(after)];
  const clusterSize = (after ?? before)?.clusterSize ?? 65536;
  return ({ call, offset, length }) => {
    if (
      after === undefined ||
      !['pwrite64', 'pwritev', 'fallocate'].includes(call) ||
      offset === undefined
    ) {
      return undefined;
    }
    if (offset < 104 && length < 104) {
      return `header: ${HEADER_FIELDS.findLast(([at]) => at <= offset)[1]}`;
    }
    const number = Math.trunc(offset / clusterSize);
    const [was, is] = [
      (old.get(number) ?? ['free']).join(', '),
      (now.get(number) ?? ['free']).join(', '),
    ];
    return was === is ? is : `${was} -> ${is}`;
  };
}

const CHUNK = 64 * 1024;
const ZERO = Buffer.alloc(CHUNK);

/** What one point in time reads as, from a raw base: the same digest as of a raw file with these bytes. */
export function contentOf(image, l1, size, base) {
  const hash = createHash('sha256');
  const tables = new Map(l2Tables(image, l1));
  const perTable = (image.clusterSize / 8) * image.clusterSize;
  for (let offset = 0; offset < size; offset += CHUNK) {
    const chunk = Buffer.alloc(Math.min(CHUNK, size - offset));
    let written = false;
    for (let at = offset; at < offset + chunk.length; at += image.clusterSize) {
      const l2 = tables.get(Math.trunc(at / perTable));
      const part = cluster(image, l2, at, base);
      written ||= part !== undefined;
      part?.copy(chunk, at - offset);
    }
    if (written && chunk.compare(ZERO, 0, chunk.length) !== 0) {
      hash.update(`${offset}:`).update(chunk);
    }
  }
  return `${size}:${hash.digest('hex').slice(0, 16)}`;
}

/** The bytes of one cluster of the guest, or undefined for zeros. */
function cluster({ file, clusterSize }, l2, at, base) {
  const word =
    l2 === undefined ? 0n : entry(file, l2 + 8 * ((at / clusterSize) % (clusterSize / 8)));
  const data = Number(word & OFFSET);
  if ((word & 1n) !== 0n) {
    return undefined;
  }
  if (data !== 0) {
    return file.subarray(data, data + clusterSize);
  }
  return at < base.length ? base.subarray(at, at + clusterSize) : undefined;
}
