// The disk on which the recorders of resize, snapshot and rebase work, and what it reads as at each point in time.
import { rmSync } from 'node:fs';
import { digest, GiB, MiB, mount, must, ROOT, run, writePieces } from './record-qemu.mjs';

export const D = `${ROOT}/qemu-img`;
export const at = (name) => `${D}/${name}`;
export const io = (name, ...commands) =>
  must(['qemu-io', '-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), at(name)]);

/** Mounts the place and makes the base. */
export function prepare() {
  mount('ext4', D, 8 * GiB);
  writePieces(at('base.raw'), 8 * MiB, [
    [0, 2 * MiB, 0x11],
    [4 * MiB, MiB, 0x12],
  ]);
}

/** The digest of what an image, or a snapshot of it, reads as. */
export function content(name, point) {
  const out = at('content.raw');
  const pick = point === undefined ? [] : ['-l', `snapshot.name=${point}`];
  const result = run(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', ...pick, at(name), out]);
  const found = result.exitCode === 0 ? digest(out) : `exit ${result.exitCode}: ${result.stderr}`;
  rmSync(out, { force: true });
  return found;
}

/** Records, with the virtual size, the snapshots, and the contents (size:digest) afterwards. */
export function recorder(t) {
  return (name, argv, file, { snapshots = [], ...more } = {}) => {
    const entry = t.record(name, [...argv, at(file)], { files: [at(file)], ...more });
    const info = run(['qemu-img', 'info', '-f', 'qcow2', '--output=json', at(file)]);
    const parsed = info.exitCode === 0 ? JSON.parse(info.stdout) : {};
    entry.after = {
      virtualSizeBytes: parsed['virtual-size'],
      snapshots: (parsed.snapshots ?? []).map((snapshot) => `${snapshot.id}:${snapshot.name}`),
      content: content(file),
      ...Object.fromEntries(
        snapshots.map((snapshot) => [`content of ${snapshot}`, content(file, snapshot)]),
      ),
    };
    return entry;
  };
}

/** An overlay of 16 MiB on base.raw with s1 (16 MiB) and s2 (24 MiB), now 32 MiB. */
export function disk(name = 'd.qcow2') {
  rmSync(at(name), { force: true });
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
    at(name),
    '16M',
  ]);
  io(name, 'write -P 0x21 0 256k', 'write -P 0x22 10M 64k');
  must(['qemu-img', 'snapshot', '-c', 's1', at(name)]);
  must(['qemu-img', 'resize', '-q', '-f', 'qcow2', at(name), '24M']);
  io(name, 'write -P 0x31 0 64k', 'write -P 0x32 20M 64k');
  must(['qemu-img', 'snapshot', '-c', 's2', at(name)]);
  must(['qemu-img', 'resize', '-q', '-f', 'qcow2', at(name), '32M']);
  io(name, 'write -P 0x41 64k 64k', 'write -P 0x42 30M 64k');
}

export const DISK =
  'd.qcow2: overlay of base.raw (8 MiB), snapshots s1 (16 MiB) and s2 (24 MiB), now 32 MiB, different data at each point';
