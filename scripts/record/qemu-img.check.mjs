// Records `qemu-img check`, `measure`, `compare` and `map`.
import { copyFileSync, readFileSync, truncateSync } from 'node:fs';
import { at, makeImages, patch } from './qemu-img.images.mjs';
import { KiB, MiB, must, QEMU_FIXTURES, Topic, unmountAll } from './record-qemu.mjs';

makeImages();
check();
measure();
unmountAll();

function check() {
  const t = new Topic(QEMU_FIXTURES, 'check');
  const json = (name, argv, file) =>
    t.record(name, ['qemu-img', 'check', ...argv, at(file)], { files: [at(file)] });
  const all = (label, file, make) => {
    for (const repair of [[], ['-r', 'leaks'], ['-r', 'all']]) {
      make();
      t.did(label);
      json(
        `${label} ${repair.join(' ')}`.trim(),
        ['-f', 'qcow2', '--output=json', ...repair],
        file,
      );
      json(
        `${label}, again after ${repair.join(' ') || 'no repair'}`,
        ['-f', 'qcow2', '--output=json'],
        file,
      );
      t.record('its info', ['qemu-img', 'info', '-U', '-f', 'qcow2', '--output=json', at(file)]);
    }
    make();
    json(`${label}, human`, ['-f', 'qcow2'], file);
    json(`${label}, human -r all`, ['-f', 'qcow2', '-r', 'all'], file);
  };
  const table = readFileSync(at('snap.qcow2'));
  const l1 = Number(table.readBigUInt64BE(40));
  const l2 = Number(table.readBigUInt64BE(l1) & 0xfffffffffffe00n);
  const refcounts = Number(table.readBigUInt64BE(Number(table.readBigUInt64BE(48))));
  const lastCluster = Math.ceil(table.length / 65536);
  all('clean with snapshots', 'c.qcow2', copy);
  const leak = (clusters) => () => {
    copy();
    truncateSync(at('c.qcow2'), (lastCluster + clusters) * 64 * KiB);
    for (let n = 0; n < clusters; n += 1) {
      patch('c.qcow2', refcounts + 2 * (lastCluster + n), [0, 1]);
    }
  };
  all('one leak: refcount of an unused cluster is 1', 'c.qcow2', leak(1));
  all('three leaks', 'c.qcow2', leak(3));
  all('one leak and one corruption', 'c.qcow2', () => {
    leak(1)();
    patch('c.qcow2', refcounts + 2 * Math.trunc(l2 / 65536), [0, 0]);
  });
  all('one corruption: refcount of a used cluster is 0', 'c.qcow2', () => {
    copy();
    patch('c.qcow2', refcounts + 2 * Math.trunc(l2 / 65536), [0, 0]);
  });
  all('L2 entry without the copied flag', 'c.qcow2', () => {
    copyFileSync(at('over.qcow2'), at('c.qcow2'));
    const data = readFileSync(at('over.qcow2'));
    const first = Number(
      data.readBigUInt64BE(Number(data.readBigUInt64BE(40))) & 0xfffffffffffe00n,
    );
    patch('c.qcow2', first, [0]);
  });
  all('L2 entry beyond the end', 'c.qcow2', () => {
    copy();
    patch('c.qcow2', l2, [0x80, 0, 0x7f, 0xff, 0, 0, 0, 0]);
  });
  all('corrupt bit set', 'c.qcow2', () => {
    copy();
    patch('c.qcow2', 79, [2]);
  });
  all('dirty bit set', 'c.qcow2', () => {
    copy();
    patch('c.qcow2', 79, [1]);
  });
  all('cut at 400 KiB', 'c.qcow2', () => copyFileSync(at('cut-data.qcow2'), at('c.qcow2')));
  copyFileSync(at('cut-64k.qcow2'), at('c.qcow2'));
  json('cut at 64 KiB', ['-f', 'qcow2', '--output=json'], 'c.qcow2');
  json('raw', ['-f', 'raw', '--output=json'], 'base.raw');
  json('raw, human', ['-f', 'raw'], 'base.raw');
  json('missing', ['-f', 'qcow2', '--output=json'], 'none');
  json('missing, -r leaks', ['-f', 'qcow2', '--output=json', '-r', 'leaks'], 'none');
  json('raw file as qcow2', ['-f', 'qcow2', '--output=json'], 'base.raw');
  json('unknown repair', ['-f', 'qcow2', '-r', 'some'], 'blank.qcow2');
  json('quiet, clean', ['-q', '-f', 'qcow2'], 'blank.qcow2');
  json('compressed', ['-f', 'qcow2', '--output=json'], 'compressed.qcow2');
  must(['mv', at('base.raw'), at('gone.raw')]);
  t.did('base.raw renamed away');
  json('backing file missing', ['-f', 'qcow2', '--output=json'], 'over.qcow2');
  json(
    'backing file missing, -r leaks',
    ['-f', 'qcow2', '--output=json', '-r', 'leaks'],
    'over.qcow2',
  );
  must(['mv', at('gone.raw'), at('base.raw')]);
  t.save();
}

function measure() {
  const t = new Topic(QEMU_FIXTURES, 'measure-compare-map');
  const m = (name, ...argv) => t.record(name, ['qemu-img', 'measure', '--output=json', ...argv]);
  m('qcow2 of 1 GiB', '-O', 'qcow2', '--size', '1G');
  m('raw of 1 GiB', '-O', 'raw', '--size', '1G');
  m('raw to qcow2', '-O', 'qcow2', '-f', 'raw', at('base.raw'));
  m('overlay to qcow2', '-O', 'qcow2', '-f', 'qcow2', at('over.qcow2'));
  m('overlay to raw', '-O', 'raw', '-f', 'qcow2', at('over.qcow2'));
  m('snapshot to qcow2', '-O', 'qcow2', '-f', 'qcow2', '-l', 'snapshot.name=s1', at('snap.qcow2'));
  m('snapshot missing', '-O', 'qcow2', '-f', 'qcow2', '-l', 'snapshot.name=none', at('snap.qcow2'));
  m('2 MiB clusters', '-O', 'qcow2', '-o', 'cluster_size=2M', '--size', '1G');
  m('missing file', '-O', 'qcow2', '-f', 'raw', at('none'));
  t.record('human', ['qemu-img', 'measure', '-O', 'qcow2', '--size', '1G']);
  const c = (name, ...argv) => t.record(name, ['qemu-img', 'compare', ...argv]);
  must(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', at('over.qcow2'), at('flat.raw')]);
  must(['cp', at('flat.raw'), at('longer.raw')]);
  must(['truncate', '-s', '20M', at('longer.raw')]);
  must(['cp', at('flat.raw'), at('other.raw')]);
  patch('other.raw', 5 * MiB + 100, [9]);
  c('identical', '-f', 'qcow2', '-F', 'raw', at('over.qcow2'), at('flat.raw'));
  c('identical, strict', '-s', '-f', 'qcow2', '-F', 'raw', at('over.qcow2'), at('flat.raw'));
  c('longer by zeros', '-f', 'qcow2', '-F', 'raw', at('over.qcow2'), at('longer.raw'));
  c(
    'longer by zeros, strict',
    '-s',
    '-f',
    'qcow2',
    '-F',
    'raw',
    at('over.qcow2'),
    at('longer.raw'),
  );
  c('different at 5 MiB + 100', '-f', 'qcow2', '-F', 'raw', at('over.qcow2'), at('other.raw'));
  c('different, quiet', '-q', '-f', 'qcow2', '-F', 'raw', at('over.qcow2'), at('other.raw'));
  c('missing', '-f', 'qcow2', '-F', 'raw', at('over.qcow2'), at('none'));
  t.record('map of an overlay', [
    'qemu-img',
    'map',
    '-f',
    'qcow2',
    '--output=json',
    at('over.qcow2'),
  ]);
  t.record('map of a raw file', ['qemu-img', 'map', '-f', 'raw', '--output=json', at('base.raw')]);
  t.save();
}

function copy() {
  copyFileSync(at('snap.qcow2'), at('c.qcow2'));
}
