// Records `resize`, `snapshot` and `check` of an overlay by its plain name, and by a `json:` name that says `"backing":null`:
// what each opens (strace), says and leaves. The template behind it is there, missing, or leads elsewhere itself.
import { closeSync, openSync, readFileSync, readSync, renameSync, rmSync } from 'node:fs';
import { at, content, io, prepare } from './qemu-img.points.mjs';
import { MUTATING, oneThread, steps, traced } from './qemu-img.strace.mjs';
import {
  MiB,
  mount,
  must,
  QEMU_FIXTURES,
  ROOT,
  run,
  start,
  Topic,
  unmountAll,
  writePieces,
} from './record-qemu.mjs';

const DISK = at('d.qcow2');
const LOG = `${ROOT}/.opened.log`;

/** The file alone: what it leans on is not opened. */
const alone = (path, format = 'qcow2') =>
  `json:${JSON.stringify({ driver: format, file: { driver: 'file', filename: path }, backing: null })}`;

const img = (...args) => ['qemu-img', ...args];
const create = (path, base, format, size) =>
  must(img('create', '-q', '-u', '-f', 'qcow2', '-b', at(base), '-F', format, path, size));

prepare();
writePieces(at('secret.raw'), 8 * MiB, [[0, 8 * MiB, 0x66]]);
create(at('evil.qcow2'), 'secret.raw', 'raw', '8M');
must(
  img('create', '-q', '-f', 'qcow2', '-o', `data_file=${at('other.raw')}`, at('far.qcow2'), '8M'),
);

/** Snapshots s1 and s2 (of half and three quarters of it), and other data at each. */
function makeDisk(base = 'base.raw', format = 'raw', mib = 32) {
  const name = 'd.qcow2';
  rmSync(at(name), { force: true });
  create(at(name), base, format, `${mib / 2}M`);
  io(name, 'write -P 0x21 0 256k');
  must(img('snapshot', '-c', 's1', at(name)));
  must(img('resize', '-q', alone(at(name)), `${(mib * 3) / 4}M`));
  io(name, 'write -P 0x31 0 64k', 'write -P 0x32 2M 64k');
  must(img('snapshot', '-c', 's2', at(name)));
  must(img('resize', '-q', alone(at(name)), `${mib}M`));
  io(name, 'write -P 0x41 64k 64k', 'write -P 0x42 3M 64k');
}

/** The action on an image, by either name. */
const actions = {
  'resize: grow within the L1': (name) => ['resize', ...name('-f'), '40M'],
  'resize: grow the L1': (name) => ['resize', ...name('-f'), '3G'],
  'resize: equal': (name) => ['resize', ...name('-f'), '32M'],
  'resize: shrink': (name) => ['resize', ...name('-f'), '16M'],
  'resize --shrink': (name) => ['resize', '--shrink', ...name('-f'), '16M'],
  'snapshot -l': (name) => ['snapshot', '-l', ...name()],
  'snapshot -c s3': (name) => ['snapshot', '-c', 's3', ...name()],
  'snapshot -d s1': (name) => ['snapshot', '-d', 's1', ...name()],
  'snapshot -a 1 (smaller)': (name) => ['snapshot', '-a', '1', ...name()],
  'snapshot -a 2, after -a 1 (larger)': (name) => ['snapshot', '-a', '2', ...name()],
  'snapshot -a none': (name) => ['snapshot', '-a', 'none', ...name()],
  check: (name) => ['check', '--output=json', ...name('-f')],
  'check -r leaks, with a leak': (name) => [
    'check',
    '-q',
    '-r',
    'leaks',
    '--output=json',
    ...name('-f'),
  ],
  info: (name) => ['info', '--output=json', ...name('-f')],
};
const ways = {
  plain: (path) => (flag) => [...(flag === undefined ? [] : [flag, 'qcow2']), path],
  alone: (path) => () => [alone(path)],
};

/** The files below the place of recording that it tries to open, in order. */
function opened(argv) {
  run(['strace', '-f', '-qq', '-o', LOG, '-e', 'trace=openat,open', ...argv]);
  const paths = readFileSync(LOG, 'utf8').matchAll(/"\/tmp\/platter-record\/qemu-img\/([^"]+)"/g);
  rmSync(LOG);
  return [...new Set([...paths].map(([, path]) => path))];
}

/** What differs between two runs of the same: when snapshots were taken. */
function undated(path) {
  const bytes = readFileSync(path);
  let position = Number(bytes.readBigUInt64BE(64));
  for (let left = bytes.readUInt32BE(60); left > 0; left -= 1) {
    bytes.fill(0, position + 16, position + 24);
    const named = bytes.readUInt16BE(position + 12) + bytes.readUInt16BE(position + 14);
    position += Math.ceil((40 + bytes.readUInt32BE(position + 36) + named) / 8) * 8;
  }
  return bytes;
}

function headerOf(path) {
  const bytes = Buffer.alloc(4096);
  const fd = openSync(path, 'r');
  readSync(fd, bytes, 0, bytes.length, 0);
  closeSync(fd);
  const name = Number(bytes.readBigUInt64BE(8));
  const format = bytes.readUInt32BE(112) === 0xe2792aca ? bytes.readUInt32BE(116) : 0;
  return {
    backing: bytes.toString('utf8', name, name + bytes.readUInt32BE(16)),
    backingFormat: bytes.toString('utf8', 120, 120 + format),
    virtualSizeBytes: Number(bytes.readBigUInt64BE(24)),
    snapshots: bytes.readUInt32BE(60),
  };
}

/** What the disk, and each snapshot of it, reads as with its template. */
const contents = () => ({
  content: content('d.qcow2'),
  'content of s1': content('d.qcow2', 's1'),
  'content of s2': content('d.qcow2', 's2'),
});

function place(action, kept) {
  must(['cp', kept, DISK]);
  if (/after -a 1/.test(action)) must(img('snapshot', '-a', '1', alone(DISK)));
  if (/with a leak/.test(action)) must(['bash', '-c', `head -c 64k /dev/zero >> ${DISK}`]);
}

function recordBoth(t, label, action, { during = (act) => act() } = {}) {
  const kept = at('kept.qcow2');
  must(['cp', DISK, kept]);
  const left = {};
  for (const [way, named] of Object.entries(ways)) {
    const argv = img(...actions[action](named(DISK)));
    place(action, kept);
    const files = during(() => opened(argv));
    place(action, kept);
    const calls = during(() => steps(traced(oneThread(argv), DISK).calls));
    place(action, kept);
    const entry = during(() => t.record(`${label}, ${way}: ${action}`, argv));
    delete entry.files;
    Object.assign(entry, { opened: files, after: { ...headerOf(DISK), ...contents() } });
    left[way] = { bytes: undated(DISK), calls: key(calls), entry };
  }
  const { plain, alone: other } = left;
  other.entry.sameBytesAsPlain = plain.bytes.equals(other.bytes);
  other.entry.sameChangesAsPlain = plain.calls === other.calls;
  must(['cp', kept, DISK]);
}

/** What changes the file, in order; how it is opened and read before is another matter. */
const key = (list) => JSON.stringify(list.filter(({ call }) => MUTATING.includes(call)));

const t = new Topic(QEMU_FIXTURES, 'no-backing');
behind();
smaller();
errors();
await locked();
names();
full();
t.save();
unmountAll();

function behind() {
  makeDisk();
  t.did('d.qcow2: overlay of base.raw (8 MiB), now 32 MiB, snapshots s1 (16 MiB) and s2 (24 MiB)');
  for (const action of Object.keys(actions)) recordBoth(t, 'base there', action);
  const away = (act) => {
    renameSync(at('base.raw'), at('gone.raw'));
    try {
      return act();
    } finally {
      renameSync(at('gone.raw'), at('base.raw'));
    }
  };
  for (const action of Object.keys(actions))
    recordBoth(t, 'base missing', action, { during: away });
  for (const base of ['evil.qcow2', 'far.qcow2']) {
    makeDisk(base, 'qcow2');
    const leads = { 'evil.qcow2': 'leans on secret.raw', 'far.qcow2': 'has its data in other.raw' };
    t.did(`the same disk on ${base} (8 MiB), which ${leads[base]}`);
    for (const action of Object.keys(actions)) recordBoth(t, base, action);
  }
}

/** The one thing for which it matters: what is behind is larger than the disk. */
function smaller() {
  makeDisk('base.raw', 'raw', 4);
  t.did('d.qcow2: 4 MiB on base.raw (8 MiB), snapshots s1 (2 MiB) and s2 (3 MiB)');
  for (const action of Object.keys(actions)) recordBoth(t, 'smaller than its base', action);
}

function errors() {
  makeDisk();
  must(['chmod', '755', ROOT, at('')]);
  const variants = (label, path, more) => {
    for (const name of [
      'resize: equal',
      'snapshot -c s3',
      'check',
      'check -r leaks, with a leak',
      'info',
    ]) {
      for (const [way, named] of Object.entries(ways)) {
        delete t.record(`${label}, ${way}: ${name}`, img(...actions[name](named(path))), more)
          .files;
      }
    }
  };
  variants('missing file', at('none'));
  variants('a raw file', at('base.raw'));
  variants('a directory', at('lost+found'));
  must(['chmod', '600', DISK]);
  variants('as nobody', DISK, { as: 'nobody' });
  const json = (name, text, ...first) => {
    for (const argv of [
      ['resize', '-q', ...first, text, '40M'],
      ['check', '-q', ...first, text],
    ]) {
      delete t.record(`${name}: ${argv[0]}`, img(...argv)).files;
    }
  };
  json('-f as well', alone(DISK), '-f', 'qcow2');
  json('no json', 'json:{');
  json('another driver', alone(DISK, 'frob'));
  json('raw with "backing":null', alone(at('base.raw'), 'raw'));
  json('no driver', `json:${JSON.stringify({ file: { driver: 'file', filename: DISK } })}`);
  json('no file', `json:${JSON.stringify({ driver: 'qcow2', backing: null })}`);
  json('an option that is unknown', alone(DISK).replace('null}', 'null,"frob":1}'));
}

async function locked() {
  for (const holder of [
    ['qemu-io', '-f', 'qcow2', DISK],
    ['qemu-io', '-r', '-f', 'qcow2', DISK],
  ]) {
    const hold = start(holder, { until: 'qemu-io> ' });
    await hold.ready;
    for (const action of [
      'resize: equal',
      'snapshot -l',
      'snapshot -c s3',
      'check',
      'check -r leaks, with a leak',
      'info',
    ]) {
      for (const [way, named] of Object.entries(ways)) {
        t.did(`held: ${holder.join(' ')}`);
        delete t.record(`held, ${way}: ${action}`, img(...actions[action](named(DISK)))).files;
      }
    }
    hold.child.stdin.end('quit\n');
    await hold.ended;
  }
}

function names() {
  for (const name of [
    'a,b',
    'a:b',
    'a"b\\',
    "it's",
    'a\nb\t',
    'ünï磁😀',
    '-x',
    'json:{}',
    '%s',
    '\u007f\u0001',
  ]) {
    must(['cp', DISK, at(name)]);
    delete t.record(
      `named ${JSON.stringify(name)}: resize`,
      img('resize', '-q', alone(at(name)), '48M'),
    ).files;
    delete t.record(
      `named ${JSON.stringify(name)}: snapshot`,
      img('snapshot', '-c', 's9', alone(at(name))),
    ).files;
    t.entries.at(-1).after = headerOf(at(name));
  }
}

function full() {
  const small = at('small');
  const grow = (name) => ['resize', ...name('-f'), '64T'];
  mount('ext4', small, 8 * MiB, ['-O', '^has_journal']);
  for (const [way, named] of Object.entries(ways)) {
    const tried = { 'resize to 64T': grow, 'snapshot -c s3': actions['snapshot -c s3'] };
    for (const [action, act] of Object.entries(tried)) {
      must(['cp', DISK, `${small}/d.qcow2`]);
      run(['bash', '-c', `cat /dev/zero > ${small}/fill`]);
      t.did('on an ext4 that is full');
      delete t.record(`full, ${way}: ${action}`, img(...act(named(`${small}/d.qcow2`)))).files;
      rmSync(`${small}/fill`);
    }
  }
}
