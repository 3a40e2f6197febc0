// Records util-linux `fallocate` and `prlimit`.
import {
  COREUTILS_FIXTURES,
  describeFile,
  digest,
  existsSync,
  GiB,
  KiB,
  MiB,
  mount,
  must,
  ROOT,
  run,
  sleep,
  start,
  Topic,
  unmountAll,
  writePieces,
} from './record-qemu.mjs';

const C = `${ROOT}/cp`;
const KINDS = { ext4: GiB, xfs: GiB, btrfs: GiB, tmpfs: 512 * MiB };
for (const [kind, bytes] of Object.entries(KINDS)) {
  mount(kind, `${C}/${kind}`, bytes);
}
fallocates();
await limits();
unmountAll();

/** Allocated sizes after a sync: delayed allocation is settled. */
function settled(path) {
  run(['sync', '-f', path.slice(0, path.lastIndexOf('/'))]);
  return describeFile(path);
}

function fallocates() {
  const t = new Topic(COREUTILS_FIXTURES, 'fallocate');
  const ext2 = `${C}/ext2`;
  mount('ext4', ext2, 64 * MiB, ['-t', 'ext2', '-O', '^has_journal,^extent']);
  for (const kind of [...Object.keys(KINDS), 'ext2']) {
    const file = `${C}/${kind}/f`;
    const f = (name, argv, before) => {
      must(['rm', '-f', file]);
      before?.();
      const entry = t.record(`${kind}: ${name}`, ['fallocate', ...argv, file]);
      entry.files = [settled(file)];
      if (existsSync(file)) {
        entry.content = digest(file);
      }
    };
    const data = () => writePieces(file, MiB, [[0, MiB, 0x31]]);
    const sparse = () => must(['truncate', '-s', '1M', file]);
    f('-l 1M, new file', ['-l', '1M']);
    f('-l 1048576 of an existing sparse file', ['-l', '1048576'], sparse);
    f('-n -l 4194304 of a file of 1 MiB', ['-n', '-l', '4194304'], data);
    f('-n -l 4194304, new file', ['-n', '-l', '4194304']);
    f('-o 524288 -l 1048576 beyond the end', ['-o', '524288', '-l', '1048576'], data);
    f('-p -o 65536 -l 131072', ['-p', '-o', '65536', '-l', '131072'], data);
    f('-p not aligned', ['-p', '-o', '100', '-l', '10000'], data);
    f('-p beyond the end', ['-p', '-o', '983040', '-l', '1048576'], data);
    f('-p of a missing file', ['-p', '-o', '0', '-l', '4096']);
    f('-z -o 65536 -l 131072', ['-z', '-o', '65536', '-l', '131072'], data);
    f('-d (dig holes)', ['-d'], () =>
      writePieces(file, MiB, [
        [0, MiB, 0x31],
        [128 * KiB, 256 * KiB, 0],
      ]),
    );
    f('-l 0', ['-l', '0'], data);
    f('no length', [], data);
    f('-l too much for the filesystem', ['-l', '8G']);
    f('-n -l too much for the filesystem', ['-n', '-l', '8G'], data);
    f('-l 8E', ['-l', '8E']);
    f('-l 9E', ['-l', '9E']);
    f('--posix -l 1M', ['--posix', '-l', '1M'], sparse);
  }
  t.record('directory', ['fallocate', '-l', '1M', C]);
  t.record('missing directory', ['fallocate', '-l', '1M', `${C}/no/x`]);
  t.record('no file', ['fallocate', '-l', '1M']);
  t.record('unknown option', ['fallocate', '--frob', '-l', '1M', `${C}/ext4/f`]);
  t.record('bad length', ['fallocate', '-l', '1X', `${C}/ext4/f`]);
  writePieces(`${C}/ext4/odd`, 100001, [[0, 100001, 0x13]]);
  must(['chmod', '600', `${C}/ext4/odd`]);
  t.record('nobody on a file of root', ['fallocate', '-n', '-l', '1M', `${C}/ext4/odd`], {
    as: 'nobody',
  });
  t.save();
}

async function limits() {
  const t = new Topic(COREUTILS_FIXTURES, 'prlimit');
  const node = process.execPath;
  const p = (name, argv, more) => t.record(name, ['prlimit', ...argv], more);
  p('command succeeds', ['--cpu=30', 'true']);
  p('command fails', ['--cpu=30', 'sh', '-c', 'exit 7']);
  p('command is missing', ['--cpu=30', '/nonexistent']);
  p('command is missing, in PATH', ['--cpu=30', 'no-such-tool']);
  p('command is not executable', ['--cpu=30', '/etc/passwd']);
  p('command killed by a signal', ['--cpu=30', 'sh', '-c', 'kill -TERM $$'], {
    note: 'prlimit executes the command in its own process: the signal is seen as it is',
  });
  p('no command', ['--cpu=30']);
  p('nothing at all', []);
  p('bad value', ['--cpu=x', 'true']);
  p('unknown option', ['--frob=1', 'true']);
  p('the limits that the command sees', [
    '--cpu=30',
    '--as=1073741824',
    '--fsize=1000000',
    'sh',
    '-c',
    'ulimit -S -t; ulimit -H -t; ulimit -v; ulimit -f',
  ]);
  p('soft and hard', ['--cpu=30:60', 'sh', '-c', 'ulimit -S -t; ulimit -H -t']);
  p('unlimited', ['--cpu=unlimited', 'sh', '-c', 'ulimit -t']);
  p('soft above hard', ['--cpu=60:30', 'true']);
  p('nobody raises a hard limit', ['--nofile=10000000', 'true'], { as: 'nobody' });
  const spin = ['sh', '-c', 'while :; do :; done'];
  p('cpu 1: hard = soft', ['--cpu=1', ...spin], { note: 'SIGKILL, nothing on stderr' });
  p('cpu 1:3', ['--cpu=1:3', ...spin], { note: 'SIGXCPU (24)' });
  p('as too small to start', ['--as=1000000', 'true'], { note: 'the loader fails' });
  p('as too small for the work: dd of 100 MiB blocks', [
    '--as=50000000',
    'dd',
    'if=/dev/zero',
    'of=/dev/null',
    'bs=100M',
    'count=1',
  ]);
  p('fsize: dd', ['--fsize=1000', 'dd', 'if=/dev/zero', `of=${C}/ext4/dd`, 'bs=4096', 'count=1'], {
    files: [`${C}/ext4/dd`],
  });
  p('fsize: node (ignores SIGXFSZ)', [
    '--fsize=1000',
    node,
    '-e',
    `try{require('fs').writeFileSync('${C}/ext4/n',Buffer.alloc(4096))}catch(e){console.log(e.code,require('fs').statSync('${C}/ext4/n').size)}`,
  ]);
  const child = start(['prlimit', '--cpu=30', 'sleep', '30']);
  await sleep(100);
  child.child.kill('SIGTERM');
  t.add('SIGTERM to prlimit', ['prlimit', '--cpu=30', 'sleep', '30'], await child.ended, {
    note: 'one process: exec, no fork',
  });
  t.record('version', ['prlimit', '--version']);
  t.save();
}
