// Records qemu-img on full, read-only and forbidden places.
import { chmodSync } from 'node:fs';
import {
  digest,
  fresh,
  GiB,
  MiB,
  mount,
  must,
  QEMU_FIXTURES,
  ROOT,
  run,
  Topic,
  unmountAll,
  writePieces,
} from './record-qemu.mjs';

const D = `${ROOT}/qemu-img`;
mount('ext4', D, 8 * GiB);
const at = (name) => `${D}/${name}`;
writePieces(at('data.raw'), 8 * MiB, [[0, 8 * MiB, 0x11]]);
full();
forbidden();
unmountAll();

/** What `check` and the contents say about a qcow2 file afterwards. */
function state(file) {
  const check = run(['qemu-img', 'check', '-f', 'qcow2', '--output=json', file]);
  const info = run(['qemu-img', 'info', '-f', 'qcow2', '--output=json', file]);
  const parsed = check.stdout === '' ? {} : JSON.parse(check.stdout);
  const image = info.stdout === '' ? {} : JSON.parse(info.stdout);
  const out = at('content.raw');
  const convert = run(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', file, out]);
  return {
    check: check.exitCode,
    corruptions: parsed.corruptions ?? 0,
    leaks: parsed.leaks ?? 0,
    virtualSizeBytes: image['virtual-size'],
    snapshots: image.snapshots?.length ?? 0,
    content: convert.exitCode === 0 ? digest(out) : convert.stderr,
  };
}

function full() {
  const t = new Topic(QEMU_FIXTURES, 'no-space');
  for (const kind of ['tmpfs', 'ext4', 'xfs', 'btrfs']) {
    const place = `${D}/small`;
    const bytes = { tmpfs: 3 * MiB, ext4: 8 * MiB, xfs: 300 * MiB, btrfs: 120 * MiB }[kind];
    const on = (name) => `${place}/${name}`;
    const renew = () => {
      mount(kind, place, bytes, kind === 'ext4' ? ['-O', '^has_journal'] : []);
      if (kind !== 'tmpfs') {
        must(['rm', '-rf', on('lost+found')]);
        const statfs = must(['stat', '-f', '-c', '%a %S', place]).trim().split(' ').map(Number);
        const fill = statfs[0] * statfs[1] - 3 * MiB;
        if (fill > 0) {
          run(['fallocate', '-l', String(fill), on('fill')]);
        }
      }
    };
    const r = (name, argv, file, more) =>
      t.record(`${kind}: ${name}`, ['qemu-img', ...argv], { files: [on(file)], ...more });
    renew();
    t.did(`${kind} with about 3 MiB free`);
    r(
      'create qcow2 of 1 GiB (fits)',
      ['create', '-q', '-f', 'qcow2', on('a.qcow2'), '1G'],
      'a.qcow2',
    );
    r(
      'create raw of 1 GiB (sparse, fits)',
      ['create', '-q', '-f', 'raw', on('a.raw'), '1G'],
      'a.raw',
    );
    r(
      'create qcow2 of 1 PiB: an L1 of 16 MiB',
      ['create', '-q', '-f', 'qcow2', on('b.qcow2'), '1P'],
      'b.qcow2',
    );
    r(
      'create qcow2, falloc',
      ['create', '-q', '-f', 'qcow2', '-o', 'preallocation=falloc', on('c.qcow2'), '8M'],
      'c.qcow2',
    );
    r(
      'create raw, falloc',
      ['create', '-q', '-f', 'raw', '-o', 'preallocation=falloc', on('c.raw'), '8M'],
      'c.raw',
    );
    renew();
    t.did('mounted anew');
    r(
      'create raw, full',
      ['create', '-q', '-f', 'raw', '-o', 'preallocation=full', on('c.raw'), '8M'],
      'c.raw',
    );
    renew();
    t.did('mounted anew');
    r(
      'convert raw to raw',
      ['convert', '-f', 'raw', '-O', 'raw', at('data.raw'), on('d.raw')],
      'd.raw',
    );
    renew();
    t.did('mounted anew');
    r(
      'convert raw to raw, -t writeback',
      ['convert', '-t', 'writeback', '-f', 'raw', '-O', 'raw', at('data.raw'), on('d.raw')],
      'd.raw',
    );
    renew();
    t.did('mounted anew');
    r(
      'convert raw to qcow2',
      ['convert', '-f', 'raw', '-O', 'qcow2', at('data.raw'), on('d.qcow2')],
      'd.qcow2',
    );
    t.entries.at(-1).after = state(on('d.qcow2'));
    renew();
    t.did('mounted anew');
    t.prepare(
      ['qemu-img', 'create', '-q', '-f', 'qcow2', on('e.qcow2'), '8M'],
      ['qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 1M', on('e.qcow2')],
    );
    run(['dd', 'if=/dev/zero', `of=${on('fill2')}`, 'bs=4096'], {});
    t.did('the rest filled to the last block');
    const before = state(on('e.qcow2'));
    r(
      'resize qcow2 to 16 MiB: no cluster needed',
      ['resize', '-f', 'qcow2', on('e.qcow2'), '16M'],
      'e.qcow2',
    );
    Object.assign(t.entries.at(-1), { stateBefore: before, after: state(on('e.qcow2')) });
    r(
      'resize qcow2 to 4 TiB: a larger L1',
      ['resize', '-f', 'qcow2', on('e.qcow2'), '4T'],
      'e.qcow2',
    );
    t.entries.at(-1).after = {
      virtualSizeBytes: JSON.parse(
        must(['qemu-img', 'info', '-f', 'qcow2', '--output=json', on('e.qcow2')]),
      )['virtual-size'],
      check: run(['qemu-img', 'check', '-f', 'qcow2', on('e.qcow2')]).stdout,
    };
    r('snapshot -c', ['snapshot', '-c', 's1', on('e.qcow2')], 'e.qcow2');
    Object.assign(t.entries.at(-1), {
      after: {
        info: must(['qemu-img', 'info', '-f', 'qcow2', '--output=json', on('e.qcow2')]).includes(
          '"s1"',
        ),
        check: run(['qemu-img', 'check', '-f', 'qcow2', on('e.qcow2')]).stdout,
      },
    });
    r('resize raw, sparse', ['resize', '-f', 'raw', on('e.qcow2'), '4M'], 'e.qcow2', {
      note: 'needs no space; done to the qcow2 file, as it is the only one at hand',
    });
    r(
      'resize raw, falloc',
      ['resize', '-f', 'raw', '--preallocation=falloc', on('e.qcow2'), '16M'],
      'e.qcow2',
      { note: 'the length afterwards: rolled back' },
    );
  }
  t.save();
}

function forbidden() {
  const t = new Topic(QEMU_FIXTURES, 'permissions');
  const each = (label, dir, options) => {
    for (const argv of commands(dir)) {
      t.record(`${label}: ${argv.slice(0, 3).join(' ')}`, ['qemu-img', ...argv], {
        files: argv.filter((word) => word.startsWith('/')),
        ...options,
      });
    }
  };
  const ro = `${D}/ro`;
  mount('tmpfs', ro, 64 * MiB);
  images(ro);
  must(['mount', '-o', 'remount,ro', ro]);
  t.did('a read-only filesystem');
  each('read-only filesystem', ro, {});
  const closed = fresh(`${D}/closed`);
  images(closed);
  chmodSync(`${closed}/a.qcow2`, 0o644);
  t.did('directory and files of root, mode 755 and 644');
  each('nobody, files of root', closed, { as: 'nobody' });
  chmodSync(`${closed}/a.qcow2`, 0o600);
  chmodSync(`${closed}/a.raw`, 0o600);
  t.did('files of mode 600');
  each('nobody, files of mode 600', closed, { as: 'nobody' });
  chmodSync(closed, 0o700);
  t.did('directory of mode 700');
  t.record(
    'nobody, directory of mode 700: info',
    ['qemu-img', 'info', '-f', 'qcow2', `${closed}/a.qcow2`],
    { as: 'nobody' },
  );
  t.record(
    'nobody, directory of mode 700: info of an absent file',
    ['qemu-img', 'info', '-f', 'qcow2', `${closed}/none`],
    { as: 'nobody' },
  );
  must(['chattr', '+i', `${closed}/a.qcow2`]);
  t.did('a.qcow2 immutable (chattr +i)');
  t.record('immutable: resize', ['qemu-img', 'resize', '-f', 'qcow2', `${closed}/a.qcow2`, '32M']);
  t.record(
    'immutable: create over it',
    ['qemu-img', 'create', '-f', 'qcow2', `${closed}/a.qcow2`, '32M'],
    { files: [`${closed}/a.qcow2`] },
  );
  must(['chattr', '-i', `${closed}/a.qcow2`]);
  t.record('the program is missing', ['env', '-i', '/nonexistent/qemu-img', '--version']);
  t.save();
}

function images(dir) {
  must(['qemu-img', 'create', '-q', '-f', 'qcow2', `${dir}/a.qcow2`, '8M']);
  must(['qemu-img', 'snapshot', '-c', 's1', `${dir}/a.qcow2`]);
  must(['qemu-img', 'create', '-q', '-f', 'raw', `${dir}/a.raw`, '8M']);
}

function commands(dir) {
  return [
    ['info', '-f', 'qcow2', '--output=json', `${dir}/a.qcow2`],
    ['check', '-f', 'qcow2', '--output=json', `${dir}/a.qcow2`],
    ['check', '-r', 'leaks', '-f', 'qcow2', '--output=json', `${dir}/a.qcow2`],
    ['resize', '-f', 'qcow2', `${dir}/a.qcow2`, '16M'],
    ['resize', '-f', 'raw', `${dir}/a.raw`, '16M'],
    ['snapshot', '-l', `${dir}/a.qcow2`],
    ['snapshot', '-c', 's2', `${dir}/a.qcow2`],
    ['snapshot', '-a', 's1', `${dir}/a.qcow2`],
    ['snapshot', '-d', 's1', `${dir}/a.qcow2`],
    ['rebase', '-u', '-f', 'qcow2', '-b', '', `${dir}/a.qcow2`],
    ['convert', '-f', 'qcow2', '-O', 'raw', `${dir}/a.qcow2`, `${dir}/out.raw`],
    ['create', '-f', 'qcow2', `${dir}/new.qcow2`, '1M'],
    ['create', '-f', 'raw', `${dir}/new.raw`, '1M'],
    ['create', '-f', 'qcow2', `${dir}/a.qcow2`, '1M'],
  ];
}
