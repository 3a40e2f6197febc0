// Records `qemu-img info`.
import { copyFileSync } from 'node:fs';
import { at, makeImages, patch } from './qemu-img.images.mjs';
import { must, QEMU_FIXTURES, Topic, unmountAll } from './record-qemu.mjs';

makeImages();
info();
unmountAll();

function info() {
  const t = new Topic(QEMU_FIXTURES, 'info');
  t.did(
    'base.raw 8 MiB with 3 MiB of data; blank.qcow2 1 GiB; over.qcow2 16 MiB on base.raw, 320 KiB written; top.qcow2 on over.qcow2 by a relative name; snap.qcow2 a copy of over.qcow2 with snapshots s1 (16 MiB) and "s two" (32 MiB); cut-*: over.qcow2 cut short',
  );
  const json = (name, file, ...more) =>
    t.record(name, ['qemu-img', 'info', '--output=json', '--force-share', ...more, at(file)]);
  json('raw', 'base.raw', '-f', 'raw');
  json('raw, probed', 'base.raw');
  json('raw file opened as qcow2', 'base.raw', '-f', 'qcow2');
  json('qcow2 opened as raw', 'over.qcow2', '-f', 'raw');
  json('blank qcow2', 'blank.qcow2', '-f', 'qcow2');
  json('overlay', 'over.qcow2', '-f', 'qcow2');
  json('overlay, probed', 'over.qcow2');
  json('overlay, chain', 'over.qcow2', '-f', 'qcow2', '--backing-chain');
  json('chain of three, relative name', 'top.qcow2', '-f', 'qcow2', '--backing-chain');
  json('snapshots', 'snap.qcow2', '-f', 'qcow2');
  json('compressed', 'compressed.qcow2', '-f', 'qcow2');
  t.record('human, snapshots', ['qemu-img', 'info', '-f', 'qcow2', at('snap.qcow2')]);
  t.record('human, raw', ['qemu-img', 'info', '-f', 'raw', at('base.raw')]);
  for (const [kind, ...more] of [
    ['probed'],
    ['-f qcow2', '-f', 'qcow2'],
    ['-f raw', '-f', 'raw'],
  ]) {
    json(`missing file, ${kind}`, 'none', ...more);
    json(`directory, ${kind}`, 'dir', ...more);
    json(`empty file, ${kind}`, 'empty', ...more);
    json(`text of 6 bytes, ${kind}`, 'text', ...more);
    for (const length of ['0', '50', '104', '64k', '192k', 'data']) {
      json(`cut at ${length}, ${kind}`, `cut-${length}.qcow2`, ...more);
    }
  }
  json('unknown format', 'base.raw', '-f', 'qcow9');
  t.record('no file name', ['qemu-img', 'info', '--output=json']);
  t.record('unknown output', ['qemu-img', 'info', '--output=xml', at('base.raw')]);
  must(['mv', at('base.raw'), at('gone.raw')]);
  t.did('base.raw renamed away');
  json('backing file missing', 'over.qcow2', '-f', 'qcow2');
  json('backing file missing, chain', 'over.qcow2', '-f', 'qcow2', '--backing-chain');
  must(['mv', at('gone.raw'), at('base.raw')]);
  t.prepare(
    ['cp', at('over.qcow2'), at('loop.qcow2')],
    [
      'qemu-img',
      'rebase',
      '-u',
      '-f',
      'qcow2',
      '-b',
      at('loop.qcow2'),
      '-F',
      'qcow2',
      at('loop.qcow2'),
    ],
  );
  json('backing file is the file itself', 'loop.qcow2', '-f', 'qcow2');
  json('backing file is the file itself, chain', 'loop.qcow2', '-f', 'qcow2', '--backing-chain');
  const variants = [
    { name: 'version 9', offset: 4, bytes: [0, 0, 0, 9] },
    { name: 'incompatible feature bit 40', offset: 74, bytes: [1] },
    { name: 'dirty bit', offset: 79, bytes: [1] },
    { name: 'corrupt bit', offset: 79, bytes: [2] },
    { name: 'cluster bits 40', offset: 20, bytes: [0, 0, 0, 40] },
    { name: 'L1 offset beyond the file', offset: 40, bytes: [0, 0, 0, 0x10] },
    { name: 'size 2^62', offset: 24, bytes: [0x40] },
  ];
  const file = 'cut.qcow2';
  for (const { name, offset, bytes } of variants) {
    copyFileSync(at('over.qcow2'), at(file));
    patch(file, offset, bytes);
    t.did(`${file}: over.qcow2 with ${name} (offset ${offset})`);
    json(name, file, '-f', 'qcow2');
    t.record(`${name}, opened to write`, ['qemu-img', 'resize', '-f', 'qcow2', at(file), '64M'], {
      files: [at(file)],
    });
  }
  t.save();
}
