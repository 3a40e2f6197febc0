// Records how a failed fdatasync in `snapshot -c` and `snapshot -d` loses every snapshot of an image, and that putting
// back 12 bytes of the header (60-71: snapshot count and offset), saved before, brings them back.
import { closeSync, copyFileSync, openSync, readFileSync, writeSync } from 'node:fs';
import { GiB, mount, QEMU_FIXTURES, run, unmountAll, writeJson } from './record-qemu.mjs';
import { at, BASE, D, DESCRIPTION, golden, makeDisks, place, TARGET } from './qemu-img.disks.mjs';
import { activeOf, checkOf } from './qemu-img.evaluate.mjs';
import { contentOf, open } from './qemu-img.qcow2.mjs';
import { sweep } from './qemu-img.strace.mjs';

mount('ext4', D, 8 * GiB);
makeDisks();
const base = readFileSync(BASE);
const header = readFileSync(golden('disk')).subarray(60, 72);
const old = open(golden('disk'));
const right = Object.fromEntries(
  old.snapshots.map((point) => [point.name, contentOf(old, point.l1, point.size, base)]),
);
const active = activeOf(golden('disk'));
right.s3 = active;
const copy = at('broken.qcow2');

/** Which points in time are there, and right. */
function look(file) {
  const image = open(file);
  const snapshots = image.snapshots.map(
    ({ name, l1, size }) =>
      `${JSON.stringify(name)} ${right[name] === contentOf(image, l1, size ?? 0, base) ? 'right' : 'WRONG'}`,
  );
  return { check: checkOf(file), active: activeOf(file) === active ? 'right' : 'WRONG', snapshots };
}

const entries = [];
for (const [action, name] of [
  ['-c', 's3'],
  ['-d', 's1'],
  ['-d', 's2'],
]) {
  const argv = ['qemu-img', 'snapshot', action, name, TARGET];
  sweep(
    {
      prepare: () => place('disk'),
      argv,
      target: TARGET,
      syscall: 'fdatasync',
      fault: 'error=EIO',
    },
    (when, { exitCode, stderr }) => {
      const after = look(TARGET);
      copyFileSync(TARGET, copy);
      const repairAll = run([
        'qemu-img',
        'check',
        '-q',
        '-r',
        'all',
        '-f',
        'qcow2',
        TARGET,
      ]).exitCode;
      const afterRepairAll = look(TARGET);
      copyFileSync(copy, TARGET);
      const fd = openSync(TARGET, 'r+');
      writeSync(fd, header, 0, 12, 60);
      closeSync(fd);
      const restored = look(TARGET);
      const repairLeaks = run([
        'qemu-img',
        'check',
        '-q',
        '-r',
        'leaks',
        '-f',
        'qcow2',
        TARGET,
      ]).exitCode;
      entries.push({
        name: `snapshot ${action} ${name}, EIO of fdatasync ${when}`,
        argv,
        disk: DESCRIPTION.disk,
        exitCode,
        stderr,
        after,
        afterRepairAll: { exitCode: repairAll, ...afterRepairAll },
        headerRestored: restored,
        headerRestoredAndLeaksRepaired: { exitCode: repairLeaks, ...look(TARGET) },
      });
    },
  );
}
writeJson(`${QEMU_FIXTURES}/flush-error.json`, entries);
unmountAll();
