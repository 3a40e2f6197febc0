// Records `qemu-img create`: sizes, what it does to an existing target, options, preallocation.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import {
  MiB,
  mount,
  must,
  QEMU_FIXTURES,
  ROOT,
  Topic,
  unmountAll,
  writePieces,
} from './record-qemu.mjs';

const D = `${ROOT}/qemu-img`;
mount('ext4', D, 8 * 1024 * MiB);
const at = (name) => `${D}/${name}`;
const rm = (name) => must(['rm', '-rf', at(name)]);

create();
options();
preallocation();
unmountAll();

function create() {
  const t = new Topic(QEMU_FIXTURES, 'create');
  const qcow2 = (name, size, more = {}) =>
    t.record(name, ['qemu-img', 'create', '-f', 'qcow2', at('a.qcow2'), ...size], {
      files: [at('a.qcow2')],
      ...more,
    });
  qcow2('qcow2 of 1 GiB', ['1G'], { note: 'one line on stdout: what was asked, with defaults' });
  t.record('the same, quiet', ['qemu-img', 'create', '-q', '-f', 'qcow2', at('a.qcow2'), '1G'], {
    files: [at('a.qcow2')],
    note: 'the target existed: it is overwritten without a word',
  });
  rm('a.qcow2');
  qcow2('qcow2, size in bytes', ['1073741825'], { note: 'odd size: rounded up to 512' });
  for (const size of [
    '0',
    '1',
    '511',
    '-1',
    '1.5G',
    '10X',
    '1GiB',
    '',
    '1 G',
    '0x100000',
    '1e6',
    '9223372036854775807',
    '9223372036854775296',
    '8E',
    '16E',
    '7E',
    '32P',
    '64T',
    '18446744073709551616',
  ]) {
    rm('a.qcow2');
    qcow2(`qcow2, size ${JSON.stringify(size)}`, [size]);
  }
  rm('a.qcow2');
  qcow2('qcow2 without a size', []);
  qcow2('qcow2 with two sizes', ['1M', '2M']);
  const raw = (name, size, more = {}) =>
    t.record(name, ['qemu-img', 'create', '-f', 'raw', at('a.raw'), ...size], {
      files: [at('a.raw')],
      ...more,
    });
  raw('raw of 1 GiB', ['1G']);
  raw('raw over an existing file', ['1M'], { note: 'truncated to 0, then to the size' });
  for (const size of ['0', '1000', '511', '9223372036854775807', '16T', '8E', '7E']) {
    rm('a.raw');
    raw(`raw, size ${size}`, [size]);
  }
  rm('a.raw');
  raw('raw without a size', []);
  t.record('no format given', ['qemu-img', 'create', at('n.raw'), '1M'], { files: [at('n.raw')] });
  t.record('unknown format', ['qemu-img', 'create', '-f', 'qcow9', at('x'), '1M'], {
    files: [at('x')],
  });
  t.record('unknown option letter', ['qemu-img', 'create', '-Z', at('x'), '1M'], {
    files: [at('x')],
  });
  t.record('no file name', ['qemu-img', 'create', '-f', 'qcow2'], {});
  t.record('no arguments', ['qemu-img'], {});
  t.record('unknown command', ['qemu-img', 'frobnicate'], {});
  t.record('version', ['qemu-img', '--version'], {});
  t.record(
    'target directory missing',
    ['qemu-img', 'create', '-f', 'qcow2', at('no/a.qcow2'), '1M'],
    { files: [at('no')] },
  );
  t.record(
    'target directory missing, raw',
    ['qemu-img', 'create', '-f', 'raw', at('no/a.raw'), '1M'],
    { files: [at('no')] },
  );
  mkdirSync(at('dir'));
  t.record('target is a directory', ['qemu-img', 'create', '-f', 'qcow2', at('dir'), '1M'], {
    files: [at('dir')],
  });
  t.record('target is a directory, raw', ['qemu-img', 'create', '-f', 'raw', at('dir'), '1M'], {
    files: [at('dir')],
  });
  writeFileSync(at('file'), 'x');
  t.record(
    'a component of the path is a file',
    ['qemu-img', 'create', '-f', 'qcow2', at('file/a'), '1M'],
    {},
  );
  t.prepare(['ln', '-s', at('target-of-link'), at('link')]);
  t.record(
    'target is a dangling symbolic link',
    ['qemu-img', 'create', '-f', 'qcow2', at('link'), '1M'],
    {
      files: [at('link'), at('target-of-link')],
      note: 'followed: the target of the link is made',
    },
  );
  t.record(
    'target is a symbolic link to a file',
    ['qemu-img', 'create', '-f', 'qcow2', at('link'), '2M'],
    { files: [at('link'), at('target-of-link')] },
  );
  writePieces(at('old'), 4 * MiB, [[0, 4 * MiB, 7]]);
  chmodSync(at('old'), 0o600);
  t.did('old: 4 MiB of data, mode 600');
  t.record('target exists with data', ['qemu-img', 'create', '-f', 'qcow2', at('old'), '1M'], {
    files: [at('old')],
    note: 'same inode, mode kept, old data gone',
  });
  writePieces(at('old'), 4 * MiB, [[0, 4 * MiB, 7]]);
  t.did('old: 4 MiB of data');
  t.record(
    'target exists with data, bad option value',
    ['qemu-img', 'create', '-f', 'qcow2', '-o', 'cluster_size=100', at('old'), '1M'],
    {
      files: [at('old')],
      note: 'a failing create over an existing file: is the old file still there, and its data?',
    },
  );
  writePieces(at('old'), 4 * MiB, [[0, 4 * MiB, 7]]);
  t.did('old: 4 MiB of data');
  t.record(
    'target exists with data, too large',
    ['qemu-img', 'create', '-f', 'qcow2', at('old'), '7E'],
    { files: [at('old')] },
  );
  t.prepare(['ln', at('a.raw').replace('a.raw', 'file'), at('hard')]);
  t.record(
    'name of 256 characters',
    ['qemu-img', 'create', '-f', 'qcow2', at('n'.repeat(256)), '1M'],
    {},
  );
  t.save();
}

function options() {
  const t = new Topic(QEMU_FIXTURES, 'create-options');
  const opt = (option, size = '1G', more = {}) => {
    rm('p.qcow2');
    t.record(
      `-o ${option}`,
      ['qemu-img', 'create', '-f', 'qcow2', '-o', option, at('p.qcow2'), size],
      { files: [at('p.qcow2')], ...more },
    );
  };
  for (const size of ['512', '4096', '4k', '64k', '1M', '2M', '4M', '100', '0', '256']) {
    opt(`cluster_size=${size}`);
  }
  for (const option of [
    'compat=0.10',
    'compat=1.1',
    'compat=v3',
    'lazy_refcounts=on',
    'refcount_bits=1',
    'refcount_bits=64',
    'refcount_bits=3',
    'extended_l2=on',
    'extended_l2=on,cluster_size=128k',
    'nocow=on',
    'compression_type=zstd',
    `data_file=${at('x')}`,
    'encryption=on',
    'frob=1',
    'size=2M',
    'help',
  ]) {
    opt(option);
  }
  opt('cluster_size=512', '128G');
  opt('cluster_size=512', '129G', { note: 'beyond the largest L1 table for this cluster size' });
  opt('cluster_size=65536', '64P');
  t.save();
}

function preallocation() {
  const t = new Topic(QEMU_FIXTURES, 'create-preallocation');
  for (const format of ['qcow2', 'raw']) {
    for (const mode of ['off', 'metadata', 'falloc', 'full', 'frob']) {
      rm(`pre.${format}`);
      t.record(
        `${format}, ${mode}`,
        [
          'qemu-img',
          'create',
          '-f',
          format,
          '-o',
          `preallocation=${mode}`,
          at(`pre.${format}`),
          '8M',
        ],
        { files: [at(`pre.${format}`)] },
      );
    }
  }
  t.prepare(['truncate', '-s', '8M', at('base3.raw')]);
  for (const mode of ['metadata', 'falloc', 'full']) {
    rm('pre.qcow2');
    t.record(
      `overlay, ${mode}`,
      [
        'qemu-img',
        'create',
        '-f',
        'qcow2',
        '-b',
        at('base3.raw'),
        '-F',
        'raw',
        '-o',
        `preallocation=${mode}`,
        at('pre.qcow2'),
        '8M',
      ],
      { files: [at('pre.qcow2')] },
    );
  }
  t.save();
}
