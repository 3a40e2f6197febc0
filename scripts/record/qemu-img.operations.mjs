// The in-place operations whose faults and power losses are recorded, and what is right before and after each.
import { readFileSync } from 'node:fs';
import { MiB, must } from './record-qemu.mjs';
import { BASE, place, TARGET } from './qemu-img.disks.mjs';
import { activeOf, checkOf, Evaluator } from './qemu-img.evaluate.mjs';
import { contentOf, namer, open } from './qemu-img.qcow2.mjs';
import { oneThread, steps, traced } from './qemu-img.strace.mjs';

const snapshot = (action, name) => ['qemu-img', 'snapshot', action, name, TARGET];

const FLATTEN = ['qemu-img', 'rebase', '-f', 'qcow2', '-b', '', TARGET];

export const operations = [
  {
    file: 'resize',
    name: 'resize: small grow, 32 to 40 MiB',
    disk: 'disk',
    argv: ['qemu-img', 'resize', '-f', 'qcow2', TARGET, '40M'],
  },
  {
    file: 'resize',
    name: 'resize: 32 MiB to 1 GiB, a larger L1',
    disk: 'disk',
    argv: ['qemu-img', 'resize', '-f', 'qcow2', TARGET, '1G'],
  },
  { file: 'snapshot-create', name: 'snapshot -c s3', disk: 'disk', argv: snapshot('-c', 's3') },
  {
    file: 'snapshot-create',
    name: 'snapshot -c s3, clusters of 4 KiB',
    disk: 'many',
    powerLoss: false,
    argv: snapshot('-c', 's3'),
  },
  {
    file: 'snapshot-apply-smaller',
    name: 'snapshot -a s1: from 32 back to 16 MiB',
    disk: 'disk',
    argv: snapshot('-a', 's1'),
  },
  {
    file: 'snapshot-apply-larger',
    name: 'snapshot -a s2: from 16 to 24 MiB',
    disk: 'short',
    argv: snapshot('-a', 's2'),
  },
  {
    file: 'snapshot-apply-same',
    name: 'snapshot -a s3: at the same size, for the first time',
    disk: 'fresh',
    argv: snapshot('-a', 's3'),
  },
  {
    file: 'snapshot-apply-same',
    name: 'snapshot -a s2: at the same size, for the second time',
    disk: 'same',
    argv: snapshot('-a', 's2'),
  },
  {
    file: 'snapshot-apply-many',
    name: 'snapshot -a s1: from 32 back to 16 MiB, clusters of 4 KiB',
    disk: 'many',
    powerLoss: false,
    argv: snapshot('-a', 's1'),
  },
  {
    file: 'snapshot-apply-tiny',
    name: 'snapshot -a s3: at the same size, an L1 table of four sectors',
    disk: 'tiny',
    argv: snapshot('-a', 's3'),
    faults: false,
    powerLoss: 'L1 of active',
  },
  { file: 'snapshot-delete', name: 'snapshot -d s1', disk: 'disk', argv: snapshot('-d', 's1') },
  { file: 'snapshot-delete', name: 'snapshot -d s2', disk: 'disk', argv: snapshot('-d', 's2') },
  {
    file: 'rebase',
    name: 'rebase -b "": flatten an overlay without snapshots',
    disk: 'flat',
    argv: FLATTEN,
    recover: [
      ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', BASE, '-F', 'raw', TARGET],
      ['qemu-img', 'check', '-q', '-r', 'all', '-f', 'qcow2', TARGET],
      FLATTEN,
    ],
  },
  {
    file: 'rebase-unsafe',
    name: 'rebase -u to another base of the same content',
    disk: 'disk',
    argv: ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', `${BASE}.copy`, '-F', 'raw', TARGET],
  },
  {
    file: 'check-repair',
    name: 'check -r leaks, after a snapshot -d that was killed',
    disk: 'leaky',
    argv: ['qemu-img', 'check', '-r', 'leaks', '-f', 'qcow2', TARGET],
  },
  {
    file: 'check-repair',
    name: 'check -r all, of wrong copied flags',
    disk: 'flags',
    argv: ['qemu-img', 'check', '-r', 'all', '-f', 'qcow2', TARGET],
  },
  {
    file: 'check-repair',
    name: 'check -r all, of a refcount of 0: rebuilds the refcounts',
    disk: 'refcount',
    argv: ['qemu-img', 'check', '-r', 'all', '-f', 'qcow2', TARGET],
  },
];

const base = () => readFileSync(BASE);
const cut = (content, size) => `${size}:${content.split(':')[1]}`;

function pointsOf(image) {
  return Object.fromEntries(
    image.snapshots.map((point) => [point.name, contentOf(image, point.l1, point.size, base())]),
  );
}

/** Runs the operation once untouched, and returns what a fault is judged by. */
export function prepareOperation({ argv, disk, recover }) {
  must(['cp', BASE, `${BASE}.copy`]);
  place(disk);
  const old = open(TARGET);
  const oldActive = activeOf(TARGET);
  const expected = pointsOf(old);
  const before = {
    virtualSizeBytes: old.size,
    check: checkOf(TARGET),
    active: oldActive,
    snapshots: expected,
  };
  const clean = traced(oneThread(argv), TARGET);
  const now = open(TARGET);
  const newActive = activeOf(TARGET);
  const after = {
    exitCode: clean.exitCode,
    virtualSizeBytes: now.size,
    check: checkOf(TARGET),
    active: newActive,
    snapshots: pointsOf(now),
  };
  const labels = { [cut(oldActive, now.size)]: 'before, at the new size' };
  for (const size of [16 * MiB, 24 * MiB, 32 * MiB]) {
    labels[cutContent(old, size)] ??= `before, cut to ${size}`;
  }
  labels[cutContent(old, now.size, old.size)] = 'before, zeros beyond the new size';
  labels[newActive] = 'after';
  labels[oldActive] = oldActive === newActive ? 'before = after' : 'before';
  const evaluator = new Evaluator({
    argv,
    labels,
    expected: { ...pointsOf(now), ...expected },
    recover,
  });
  const name = namer(old, now);
  return { before, after, evaluator, name, clean: steps(clean.calls, name), calls: clean.calls };
}

/** The active content up to `size`, as an image of `as` bytes. */
function cutContent(image, size, as = size) {
  return cut(contentOf(image, image.l1, Math.min(size, image.size), base()), as);
}
