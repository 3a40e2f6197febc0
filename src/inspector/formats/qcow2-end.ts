/**
 * Whether a qcow2 file goes on to its end. Where it was cut off its header and tables may be there, and qemu reads zeros
 * for what is missing, without a word.
 *
 * Reference counts say which clusters are in use, and clusters are handed out one after another: the counts of those
 * right behind the end of the file tell. They are read within the limits of the reader, and no tool is needed. A last
 * cluster of which only a part is there is one that was not filled (`qemu-img check` lets it pass, too).
 */
import { toNumber } from '../format-parser.ts';
import type { Reader } from '../reader.ts';
import { readQcow2Header } from './qcow2-header.ts';

/** 32768 clusters, as qemu counts by default. */
const countsBytesMost = 64 * 1024;
/** The others are reserved. */
const positionBits = ~0x1ffn;

/** Of an image that is sane otherwise. */
export async function isQcow2CutOff(reader: Reader): Promise<boolean> {
  const header = await readQcow2Header(reader);
  if (header === undefined) return true;
  const { clusterSizeBytes, refcountOrder, refcountPosition, refcountClusters } = header;
  const bitsEach = 2 ** refcountOrder;
  const countsInBlock = (clusterSizeBytes * 8) / bitsEach;
  const missing = Math.ceil(reader.sizeBytes / clusterSizeBytes);
  const entryPosition = Math.floor(missing / countsInBlock) * 8;
  if (entryPosition >= refcountClusters * clusterSizeBytes) return false;
  const entry = (await reader.read(refcountPosition + entryPosition, 8)).u64be(0);
  const block = toNumber(entry & positionBits);
  if (block === 0) return false;
  if (block >= reader.sizeBytes) return true;

  const bits = (missing % countsInBlock) * bitsEach;
  const start = Math.floor(bits / 8);
  const lengthBytes = Math.min(clusterSizeBytes - start, countsBytesMost);
  const [first = 0, ...others] = (await reader.read(block + start, lengthBytes)).raw;
  // Counts of less than a byte begin with its lowest bits.
  return first >> (bits % 8) !== 0 || others.some((byte) => byte !== 0);
}
