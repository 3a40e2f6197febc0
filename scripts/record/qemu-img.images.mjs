// The images on which the recorders of info, check, measure, compare and map work.
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { GiB, KiB, MiB, mount, must, ROOT, writePieces } from './record-qemu.mjs';

export const D = `${ROOT}/qemu-img`;
export const at = (name) => `${D}/${name}`;
export const io = (path, ...commands) =>
  must(['qemu-io', '-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), path]);

/** Changes bytes of a file. */
export function patch(name, offset, bytes) {
  const data = readFileSync(at(name));
  Buffer.from(bytes).copy(data, offset);
  writeFileSync(at(name), data);
}

/** Mounts the place and makes the images. */
export function makeImages() {
  mount('ext4', D, 8 * GiB);
  writePieces(at('base.raw'), 8 * MiB, [
    [0, 2 * MiB, 0x11],
    [4 * MiB, MiB, 0x12],
  ]);
  must(['qemu-img', 'create', '-q', '-f', 'qcow2', at('blank.qcow2'), '1G']);
  must([
    'qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    at('base.raw'),
    '-F',
    'raw',
    at('over.qcow2'),
    '16M',
  ]);
  io(at('over.qcow2'), 'write -P 1 0 256k', 'write -P 2 10M 64k');
  must([
    'qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    'over.qcow2',
    '-F',
    'qcow2',
    at('top.qcow2'),
  ]);
  must(['cp', at('over.qcow2'), at('snap.qcow2')]);
  must(['qemu-img', 'snapshot', '-c', 's1', at('snap.qcow2')]);
  must(['qemu-img', 'resize', '-q', '-f', 'qcow2', at('snap.qcow2'), '32M']);
  must(['qemu-img', 'snapshot', '-c', 's two', at('snap.qcow2')]);
  must([
    'qemu-img',
    'convert',
    '-f',
    'raw',
    '-O',
    'qcow2',
    '-c',
    at('base.raw'),
    at('compressed.qcow2'),
  ]);
  writeFileSync(at('empty'), '');
  writeFileSync(at('text'), 'hello\n');
  must(['mkdir', at('dir')]);
  for (const [name, length] of [
    ['cut-0.qcow2', 0],
    ['cut-50.qcow2', 50],
    ['cut-104.qcow2', 104],
    ['cut-64k.qcow2', 64 * KiB],
    ['cut-192k.qcow2', 192 * KiB],
    ['cut-data.qcow2', 400 * KiB],
  ]) {
    copyFileSync(at('over.qcow2'), at(name));
    truncateSync(at(name), length);
  }
}
