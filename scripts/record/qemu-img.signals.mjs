// Records qemu-img under resource limits, and stopped by signals.
import { lstatSync } from 'node:fs';
import {
  GiB,
  MiB,
  mount,
  must,
  QEMU_FIXTURES,
  ROOT,
  sleep,
  start,
  Topic,
  unmountAll,
  writePieces,
} from './record-qemu.mjs';

const D = `${ROOT}/qemu-img`;
mount('ext4', D, 8 * GiB);
const at = (name) => `${D}/${name}`;
writePieces(at('data.raw'), 8 * MiB, [[0, 8 * MiB, 0x11]]);
limits();
await signals();
unmountAll();

function limits() {
  const t = new Topic(QEMU_FIXTURES, 'rlimits');
  const limited = (name, limit, argv, files, more) =>
    t.record(name, ['prlimit', ...limit, 'qemu-img', ...argv], { files: files.map(at), ...more });
  limited(
    'fsize below create',
    ['--fsize=65536'],
    ['create', '-f', 'qcow2', at('f.qcow2'), '1G'],
    ['f.qcow2'],
    { note: 'SIGXFSZ is blocked in the thread that writes: the error is an ordinary EFBIG' },
  );
  limited(
    'fsize 131072',
    ['--fsize=131072'],
    ['create', '-f', 'qcow2', at('f.qcow2'), '1G'],
    ['f.qcow2'],
  );
  limited(
    'fsize 196608',
    ['--fsize=196608'],
    ['create', '-f', 'qcow2', at('f.qcow2'), '1G'],
    ['f.qcow2'],
  );
  limited(
    'fsize, raw create',
    ['--fsize=1048576'],
    ['create', '-f', 'raw', at('f.raw'), '8M'],
    ['f.raw'],
  );
  limited(
    'fsize, convert to raw',
    ['--fsize=1048576'],
    ['convert', '-f', 'raw', '-O', 'raw', at('data.raw'), at('g.raw')],
    ['g.raw'],
  );
  limited(
    'fsize, convert to qcow2',
    ['--fsize=1048576'],
    ['convert', '-f', 'raw', '-O', 'qcow2', at('data.raw'), at('g.qcow2')],
    ['g.qcow2'],
  );
  t.prepare(['qemu-img', 'create', '-q', '-f', 'qcow2', at('h.qcow2'), '1G']);
  limited(
    'fsize, resize needing a larger L1',
    ['--fsize=196624'],
    ['resize', '-f', 'qcow2', at('h.qcow2'), '1T'],
    ['h.qcow2'],
  );
  limited(
    'fsize, snapshot',
    ['--fsize=196624'],
    ['snapshot', '-c', 's', at('h.qcow2')],
    ['h.qcow2'],
  );
  for (const mib of [8, 16, 20, 24, 28, 32, 48, 64, 96, 128, 192, 256, 512, 1024]) {
    limited(
      `as ${mib} MiB`,
      [`--as=${mib * MiB}`],
      ['info', '-f', 'raw', '--output=json', at('data.raw')],
      [],
      { note: 'address space: the loader, the C library or glib may be the one to complain' },
    );
  }
  limited('cpu 0', ['--cpu=0'], ['info', '-f', 'raw', '--output=json', at('data.raw')], [], {
    note: 'killed at once',
  });
  t.prepare(['dd', 'if=/dev/zero', `of=${at('eat.raw')}`, 'bs=1M', 'count=2048', 'status=none']);
  limited(
    'cpu 1 second',
    ['--cpu=1'],
    ['convert', '-c', '-f', 'raw', '-S', '0', '-O', 'qcow2', at('eat.raw'), at('eaten.qcow2')],
    [],
    { note: 'soft limit = hard limit: SIGKILL, not SIGXCPU' },
  );
  limited(
    'cpu 1:3 seconds',
    ['--cpu=1:3'],
    ['convert', '-c', '-f', 'raw', '-S', '0', '-O', 'qcow2', at('eat.raw'), at('eaten.qcow2')],
    [],
    { note: 'a soft limit below the hard one: SIGXCPU, not caught' },
  );
  limited('nofile 5', ['--nofile=5'], ['info', '-f', 'raw', '--output=json', at('data.raw')], []);
  limited('nofile 8', ['--nofile=8'], ['info', '-f', 'raw', '--output=json', at('data.raw')], []);
  t.save();
}

async function signals() {
  const t = new Topic(QEMU_FIXTURES, 'signals');
  must(['rm', '-f', at('eaten.qcow2')]);
  for (const signal of [
    'SIGTERM',
    'SIGINT',
    'SIGHUP',
    'SIGQUIT',
    'SIGPIPE',
    'SIGKILL',
    'SIGUSR1',
    'SIGUSR2',
    'SIGXCPU',
  ]) {
    for (const { out, more } of [
      { out: 'raw', more: ['-S', '0'] },
      { out: 'qcow2', more: ['-c', '-S', '0'] },
    ]) {
      const target = at(`s.${out}`);
      must(['rm', '-f', target]);
      const argv = ['qemu-img', 'convert', ...more, '-f', 'raw', '-O', out, at('eat.raw'), target];
      const running = start(argv, { cwd: '/' });
      await growing(target);
      running.child.kill(signal);
      const result = await running.ended;
      const entry = t.add(`${signal} during convert to ${out}`, argv, result, { files: [target] });
      const [file] = entry.files;
      entry.note =
        file.exists && file.sizeBytes > 0
          ? 'the partial target stays; its size differs from run to run (replaced by null here)'
          : 'no target left';
      if (!['SIGUSR1', 'SIGUSR2'].includes(signal)) {
        entry.files = [{ ...file, sizeBytes: null, allocatedBytes: null }];
      }
    }
  }
  t.save();
}

async function growing(path) {
  for (let n = 0; n < 1000; n += 1) {
    await sleep(10);
    try {
      if (lstatSync(path).blocks > 1000) {
        return;
      }
    } catch {
      // not there yet
    }
  }
}
