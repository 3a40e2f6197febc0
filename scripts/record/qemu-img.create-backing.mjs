// Records `qemu-img create -b`, and qemu-img with odd names of files.
import { mkdirSync } from 'node:fs';
import { MiB, mount, must, QEMU_FIXTURES, ROOT, Topic, unmountAll } from './record-qemu.mjs';

const D = `${ROOT}/qemu-img`;
mount('ext4', D, 8 * 1024 * MiB);
const at = (name) => `${D}/${name}`;
const rm = (name) => must(['rm', '-rf', at(name)]);

backing();
paths();
unmountAll();

function backing() {
  must([
    'rm',
    '-rf',
    ...['a.qcow2', 'a.raw', 'old', 'file', 'hard', 'dir', 'link', 'target-of-link', 'n.raw'].map(
      at,
    ),
  ]);
  const t = new Topic(QEMU_FIXTURES, 'create-backing');
  const over = (name, argv, more = {}) => {
    rm('o.qcow2');
    return t.record(name, ['qemu-img', 'create', '-f', 'qcow2', ...argv], {
      files: [at('o.qcow2')],
      ...more,
    });
  };
  t.prepare(
    ['qemu-img', 'create', '-q', '-f', 'raw', at('base.raw'), '8M'],
    ['qemu-img', 'create', '-q', '-f', 'qcow2', at('base.qcow2'), '8M'],
    ['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2M', at('base2m.qcow2'), '8M'],
    ['truncate', '-s', '8388609', at('odd.raw')],
    ['truncate', '-s', '1000', at('tiny.raw')],
  );
  const raw = ['-b', at('base.raw'), '-F', 'raw'];
  over('raw base, no size', [...raw, at('o.qcow2')], { note: 'size of the base' });
  t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('o.qcow2')]);
  over('raw base, larger', [...raw, at('o.qcow2'), '16M']);
  over('raw base, equal', [...raw, at('o.qcow2'), '8M']);
  over('raw base, smaller', [...raw, at('o.qcow2'), '4M'], {
    note: 'accepted: an overlay smaller than its base, in silence',
  });
  over('raw base, size 0', [...raw, at('o.qcow2'), '0'], {
    note: 'an overlay of size 0, not of the base',
  });
  over('qcow2 base, no size', ['-b', at('base.qcow2'), '-F', 'qcow2', at('o.qcow2')]);
  over('qcow2 base of 2 MiB clusters, cluster size given', [
    '-b',
    at('base2m.qcow2'),
    '-F',
    'qcow2',
    '-o',
    'cluster_size=2097152',
    at('o.qcow2'),
    '16M',
  ]);
  over(
    'qcow2 base of 2 MiB clusters, cluster size not given',
    ['-b', at('base2m.qcow2'), '-F', 'qcow2', at('o.qcow2')],
    { note: 'not inherited: 64 KiB' },
  );
  over('options as Nova writes them', [
    '-o',
    `backing_file=${at('base.raw')},backing_fmt=raw,cluster_size=65536`,
    at('o.qcow2'),
    '16777216',
  ]);
  over('odd base, no size', ['-b', at('odd.raw'), '-F', 'raw', at('o.qcow2')], {
    note: 'base of 8388609 bytes: rounded up to 512',
  });
  over('tiny base, no size', ['-b', at('tiny.raw'), '-F', 'raw', at('o.qcow2')]);
  over('no -F', ['-b', at('base.raw'), at('o.qcow2')]);
  over('no -F, qcow2 base', ['-b', at('base.qcow2'), at('o.qcow2')]);
  over('-F qcow2 on a raw base', ['-b', at('base.raw'), '-F', 'qcow2', at('o.qcow2')]);
  over(
    '-F qcow2 on a raw base, with a size',
    ['-b', at('base.raw'), '-F', 'qcow2', at('o.qcow2'), '16M'],
    { note: 'does a size hide the wrong format?' },
  );
  over('-F raw on a qcow2 base', ['-b', at('base.qcow2'), '-F', 'raw', at('o.qcow2')], {
    note: 'accepted: the size of the qcow2 file itself',
  });
  over('-F raw on a qcow2 base, with a size', [
    '-b',
    at('base.qcow2'),
    '-F',
    'raw',
    at('o.qcow2'),
    '16M',
  ]);
  over('-F unknown', ['-b', at('base.qcow2'), '-F', 'qcow9', at('o.qcow2')]);
  over('-F without -b', ['-F', 'raw', at('o.qcow2'), '16M']);
  over('base missing', ['-b', at('none.raw'), '-F', 'raw', at('o.qcow2')]);
  over('base missing, with a size', ['-b', at('none.raw'), '-F', 'raw', at('o.qcow2'), '16M']);
  over('base missing, -u and a size', [
    '-u',
    '-b',
    at('none.raw'),
    '-F',
    'raw',
    at('o.qcow2'),
    '16M',
  ]);
  over('base missing, -u, no size', ['-u', '-b', at('none.raw'), '-F', 'raw', at('o.qcow2')]);
  const unopened = ['-u', ...raw, at('o.qcow2')];
  over('-u, raw base, larger', [...unopened, '16M'], { note: 'the base is not opened' });
  over('-u, raw base, equal', [...unopened, '8M']);
  over('-u, raw base, smaller', [...unopened, '4M']);
  over('-u, raw base, size 0', [...unopened, '0']);
  over('-u, raw base, no size', unopened);
  over('-u, base of 2 MiB clusters, cluster size given', [
    '-u',
    '-b',
    at('base2m.qcow2'),
    '-F',
    'qcow2',
    '-o',
    'cluster_size=2097152',
    at('o.qcow2'),
    '16M',
  ]);
  over('-u, no -F', ['-u', '-b', at('base.raw'), at('o.qcow2'), '16M']);
  over('-u, -F qcow2 on a raw base', [
    '-u',
    '-b',
    at('base.raw'),
    '-F',
    'qcow2',
    at('o.qcow2'),
    '16M',
  ]);
  over('-u, -F unknown', ['-u', '-b', at('base.raw'), '-F', 'qcow9', at('o.qcow2'), '16M']);
  over('-u, -F without -b', ['-u', '-F', 'raw', at('o.qcow2'), '16M']);
  over('-u, base is a directory', ['-u', '-b', D, '-F', 'raw', at('o.qcow2'), '16M']);
  over('-u, base is the target itself', [
    '-u',
    '-b',
    at('o.qcow2'),
    '-F',
    'qcow2',
    at('o.qcow2'),
    '16M',
  ]);
  over('base is a directory', ['-b', D, '-F', 'raw', at('o.qcow2')]);
  over('empty base name', ['-b', '', '-F', 'raw', at('o.qcow2'), '16M']);
  over('base is the target itself', ['-b', at('o.qcow2'), '-F', 'qcow2', at('o.qcow2'), '16M']);
  t.prepare(['qemu-img', 'create', '-q', '-f', 'qcow2', at('self.qcow2'), '8M']);
  t.record(
    'base is the target itself, which exists',
    [
      'qemu-img',
      'create',
      '-f',
      'qcow2',
      '-b',
      at('self.qcow2'),
      '-F',
      'qcow2',
      at('self.qcow2'),
      '16M',
    ],
    { files: [at('self.qcow2')] },
  );
  over(
    'relative base, resolved against the directory of the overlay',
    ['-b', 'base.raw', '-F', 'raw', at('o.qcow2')],
    { cwd: '/' },
  );
  t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('o.qcow2')]);
  over('raw target with a base', ['-f', 'raw', ...raw, at('o.qcow2')]);
  t.prepare(['chmod', '444', at('base.raw')]);
  over('read-only base', [...raw, at('o.qcow2')]);
  over('base given twice', [...raw, '-o', `backing_file=${at('base.qcow2')}`, at('o.qcow2')]);
  over('long base name (1023 characters are the limit)', [
    '-u',
    '-b',
    `/${'n'.repeat(1024)}`,
    '-F',
    'raw',
    at('o.qcow2'),
    '1M',
  ]);
  over('json: base', [
    '-b',
    `json:{"driver":"raw","file":{"driver":"file","filename":"${at('base.raw')}"}}`,
    '-F',
    'raw',
    at('o.qcow2'),
  ]);
  t.save();
}

function paths() {
  const t = new Topic(QEMU_FIXTURES, 'paths');
  const dir = at('p');
  mkdirSync(dir);
  const names = [
    'with space.qcow2',
    'with,comma.qcow2',
    'with,,two.qcow2',
    'with:colon.qcow2',
    'ünïcode-磁盘.qcow2',
    '-dash.qcow2',
    'quote\'".qcow2',
    'back\\slash.qcow2',
    'new\nline.qcow2',
    'percent%41.qcow2',
    'json:{}.qcow2',
    'file:x.qcow2',
    'nbd:unix:x.qcow2',
    '~tilde.qcow2',
    '$var.qcow2',
    '*.qcow2',
    'a=b.qcow2',
  ];
  for (const name of names) {
    const path = `${dir}/${name}`;
    t.record(
      `create ${JSON.stringify(name)}, absolute`,
      ['qemu-img', 'create', '-f', 'qcow2', path, '1M'],
      { files: [path] },
    );
    t.record(`info ${JSON.stringify(name)}, absolute`, [
      'qemu-img',
      'info',
      '-f',
      'qcow2',
      '--output=json',
      path,
    ]);
    t.record(
      `create -b ${JSON.stringify(name)}`,
      ['qemu-img', 'create', '-f', 'qcow2', '-b', path, '-F', 'qcow2', `${dir}/over`],
      { files: [`${dir}/over`] },
    );
    t.record(
      `create -o backing_file=${JSON.stringify(name)}, commas doubled`,
      [
        'qemu-img',
        'create',
        '-q',
        '-f',
        'qcow2',
        '-o',
        `backing_file=${path.replaceAll(',', ',,')},backing_fmt=qcow2`,
        `${dir}/over`,
      ],
      { files: [`${dir}/over`] },
    );
    t.record(`info over ${JSON.stringify(name)}`, [
      'qemu-img',
      'info',
      '-f',
      'qcow2',
      '--output=json',
      `${dir}/over`,
    ]);
    t.record(`snapshot through --image-opts, commas doubled`, [
      'qemu-img',
      'snapshot',
      '-l',
      '--image-opts',
      `driver=qcow2,file.driver=file,file.filename=${path.replaceAll(',', ',,')}`,
    ]);
    t.record(
      `relative ${JSON.stringify(name)}`,
      ['qemu-img', 'create', '-q', '-f', 'qcow2', name, '2M'],
      { cwd: dir, files: [path] },
    );
    must(['rm', '-rf', dir]);
    mkdirSync(dir);
  }
  t.record(
    'relative -dash after --',
    ['qemu-img', 'create', '-f', 'qcow2', '--', '-dash.qcow2', '1M'],
    { cwd: dir, files: [`${dir}/-dash.qcow2`] },
  );
  t.record(
    'relative ./-dash',
    ['qemu-img', 'info', '-f', 'qcow2', '--output=json', './-dash.qcow2'],
    { cwd: dir },
  );
  t.record(
    '-o backing_file with a bare comma',
    [
      'qemu-img',
      'create',
      '-f',
      'qcow2',
      '-o',
      `backing_file=${dir}/a,b,backing_fmt=raw`,
      `${dir}/over`,
      '1M',
    ],
    { files: [`${dir}/over`] },
  );
  t.save();
}
