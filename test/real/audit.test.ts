/** `platter audit` on real files: what is explained is not listed, what is not is, classified, and nothing is changed. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { strayKinds, type Stray } from '../../src/audit/stray.ts';
import { errorOf, platter } from './command.ts';
import { makeImage } from './file-images.ts';
import { loopMount, type LoopMount } from './loop-mount.ts';

let mount: LoopMount;
let instances = '';
let source = '';
const at = (path: string) => `${instances}/${path}`;
const started: ChildProcess[] = [];

/** XFS, so that flat disks have snapshots. Made once, and put back before each test. */
beforeAll(async () => {
  mount = await loopMount('xfs', '320M');
  source = `${mount.directory}/t.raw`;
  instances = `${mount.directory}/instances`;
  await makeImage(source, 'raw', 8 * 1024 * 1024);
  for (const args of [
    ['template', 'add', 't', source],
    ['image', 'create', 'vm1/disk', '--template', 't', '--size', '16M'],
    ['image', 'create', 'vm1/flat', '--template', 't', '--backend', 'flat'],
    ['image', 'create', 'vm2/disk', '--size', '1M'],
    ['snapshot', 'create', 'vm1/disk@s'],
    ['snapshot', 'create', 'vm1/flat@s'],
  ]) {
    const result = await platter(instances, args);
    expect(result, result.stderr).toMatchObject({ status: 0 });
  }
  renameSync(instances, `${instances}-as-made`);
});
afterAll(() => mount.dispose());

beforeEach(() => {
  rmSync(instances, { recursive: true, force: true });
  execFileSync('cp', ['-a', `${instances}-as-made`, instances]);
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

async function audit(...args: string[]): Promise<readonly Stray[]> {
  const { status, stdout, stderr } = await platter(instances, ['audit', '--json', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Stray[];
}

/** Everything below the instances path: names, kinds, times of change, contents. */
function everything(): string {
  const find =
    "find . -printf '%p %y %s %C@ %T@\\n' | sort; find . -type f -exec sha256sum {} + | sort";
  return execFileSync('bash', ['-c', find], { cwd: instances, encoding: 'utf8' });
}

/** What is found, without its texts. */
const brief = (strays: readonly Stray[]) =>
  strays.map(({ kind, path, subject }) => [kind, path.replace(`${instances}/`, ''), subject]);

test('what platter has made is explained, and nothing is changed by looking', async () => {
  const before = everything();
  expect(await audit()).toEqual([]);
  expect((await platter(instances, ['audit'])).stdout).toBe('everything is explained\n');
  expect(everything()).toBe(before);
});

test('what Nova has made is explained', async () => {
  mkdirSync(at('nova-1'));
  await makeImage(at('nova-1/disk'), 'raw', 1024 * 1024);
  writeFileSync(at('nova-1/disk.info'), JSON.stringify({ [at('nova-1/disk')]: 'raw' }));
  writeFileSync(at('nova-1/console.log'), '');
  writeFileSync(at('nova-1/libvirt.xml'), '<domain/>');
  writeFileSync(at('compute_nodes'), '{}');
  mkdirSync(at('snapshots'));
  writeFileSync(at('locks/nova-storage-registry-lock'), '');
  expect(await audit()).toEqual([]);
});

test('an instances path that is not there holds no strays, and is not made', async () => {
  const nowhere = `${mount.directory}/nowhere`;
  expect((await platter(nowhere, ['audit', '--json'])).stdout.trim()).toBe('[]');
  expect(existsSync(nowhere)).toBe(false);
});

const make = {
  'a disk that nobody recorded': {
    act: () => {
      mkdirSync(at('vm9'));
      writeFileSync(at('vm9/disk'), 'x'.repeat(8192));
    },
    found: [['orphan-disk', 'vm9/disk', 'vm9/disk']],
  },
  'files that nobody knows': {
    act: () => {
      writeFileSync(at('notes.txt'), 'x');
      writeFileSync(at('vm1/backup.img'), 'x');
      writeFileSync(at('_base/.hidden'), 'x');
      mkdirSync(at('_base/directory'));
      writeFileSync(at('vm1/.platter/rubbish'), 'x');
    },
    found: [
      ['unknown-file', '_base/.hidden', null],
      ['unknown-file', '_base/directory', null],
      ['unknown-file', 'notes.txt', null],
      ['unknown-file', 'vm1/.platter/rubbish', null],
      ['unknown-file', 'vm1/backup.img', null],
    ],
  },
  'a template that was taken away': {
    act: () => rmSync(at('_base/t')),
    found: [
      ['record-without-template', '_base/t', 'template t'],
      ['disk-without-template', 'vm1/disk', 'vm1/disk'],
    ],
  },
  'a template that is not the one that a disk was made of': {
    act: () => {
      const record = at('_base/.platter/t.record');
      const file = `${record}/${readdirSync(record)[0] ?? ''}`;
      const { sha256, ...others } = JSON.parse(readFileSync(file, 'utf8')) as { sha256: string };
      const other = '0'.repeat(sha256.length);
      writeFileSync(file, JSON.stringify({ ...others, sha256: other }));
    },
    found: [['disk-of-other-template', 'vm1/disk', 'vm1/disk']],
  },
  'a template that somebody put there': {
    act: () => writeFileSync(at('_base/nova'), 'x'.repeat(4096)),
    found: [['foreign-template', '_base/nova', 'template nova']],
  },
  'a disk that was taken away': {
    act: () => rmSync(at('vm1/flat')),
    found: [
      ['record-without-image', 'vm1/flat', 'vm1/flat'],
      ['format-without-image', 'vm1/flat', 'vm1/flat'],
      ['orphan-snapshots', 'vm1/.platter/flat.snapshots', 'vm1/flat'],
    ],
  },
  'a probe that died': {
    act: () => {
      writeFileSync(at('.platter-probe~0011'), 'x');
      writeFileSync(at('vm1/.platter-probe~0022'), 'x');
    },
    found: [
      ['interrupted-operation', '.platter-probe~0011', null],
      ['interrupted-operation', 'vm1/.platter-probe~0022', null],
    ],
  },
  'an empty directory': {
    act: () => mkdirSync(at('vm7')),
    found: [['empty-directory', 'vm7', null]],
  },
  'a record that is damaged': {
    act: () => {
      const record = at('vm2/.platter/disk.record');
      truncateSync(`${record}/${readdirSync(record)[0] ?? ''}`, 10);
    },
    found: [['damaged-record', 'vm2/disk', 'vm2/disk']],
  },
  'a disk.info that is damaged': {
    act: () => writeFileSync(at('vm2/disk.info'), '{"'),
    found: [['damaged-record', 'vm2/disk.info', null]],
  },
  'a record of a template that is damaged': {
    act: () => {
      const record = at('_base/.platter/t.record');
      writeFileSync(`${record}/${readdirSync(record)[0] ?? ''}`, 'null');
    },
    found: [['damaged-record', '_base/.platter/t.record', 'template t']],
  },
  'a link where a disk was': {
    act: () => {
      renameSync(at('vm2/disk'), `${instances}-moved`);
      symlinkSync(`${instances}-moved`, at('vm2/disk'));
    },
    found: [['unreadable', 'vm2/disk', 'vm2/disk']],
  },
} as const;

describe('found and classified, and nothing else is', () => {
  test.each(Object.entries(make))('%s', async (_, { act, found }) => {
    act();
    const before = everything();
    const strays = await audit();
    expect(brief(strays)).toEqual(found);
    for (const { message, hint } of strays) {
      expect(message).not.toBe('');
      expect(hint).not.toBe('');
    }
    expect(everything()).toBe(before);
    const { status, stdout } = await platter(instances, ['audit']);
    expect(status).toBe(0);
    for (const [kind] of found) expect(stdout).toContain(kind);
  });

  test('their space is told', async () => {
    mkdirSync(at('vm9'));
    writeFileSync(at('vm9/disk'), 'x'.repeat(8192));
    expect(await audit()).toMatchObject([{ allocatedBytes: 8192 }]);
  });
});

describe('an operation', () => {
  /** Adds a template of what is never written to its standard input. */
  async function waiting(): Promise<ChildProcess> {
    const args = [
      'dist/cli/main.js',
      '--instances-path',
      instances,
      'template',
      'add',
      'slow',
      '-',
    ];
    const child = spawn('node', args, { stdio: ['pipe', 'ignore', 'ignore'] });
    started.push(child);
    child.stdin?.write(Buffer.alloc(1024 * 1024, 1));
    await expect
      .poll(() => readdirSync(at('_base/.platter')).filter((name) => name.startsWith('slow~')))
      .toHaveLength(1);
    return child;
  }

  test('that is at work is no stray; one that died is, with its lock, until it is recovered', async () => {
    const child = await waiting();
    expect(await audit()).toEqual([]);
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGKILL');
    await ended;
    const strays = await audit();
    expect(brief(strays).map(([kind, , subject]) => [kind, subject])).toEqual([
      ['interrupted-operation', 'template slow'],
      ['dead-lock', null],
    ]);
    expect(strays[0]?.allocatedBytes).toBeGreaterThan(0);
    expect((await platter(instances, ['recover'])).status).toBe(0);
    expect(await audit()).toEqual([]);
  });

  test('that built on a template and died has left a lease', async () => {
    const lease = at('_base/.platter/t~0123456789abcdef.lease');
    writeFileSync(lease, JSON.stringify({ pid: 1, machine: 'm', boot: 'b' }));
    // Of another machine: nobody here can tell whether it has ended.
    expect(await audit()).toEqual([]);
    writeFileSync(lease, '{"pid":');
    expect(brief(await audit())).toEqual([
      ['dead-lease', '_base/.platter/t~0123456789abcdef.lease', 'template t'],
    ]);
  });
});

test('what recover can mend is gone after it', async () => {
  rmSync(at('vm2/disk'));
  mkdirSync(at('vm7/.platter/disk~00112233445566ff.work'), { recursive: true });
  expect(brief(await audit()).map(([kind]) => kind)).toEqual([
    'interrupted-operation',
    'record-without-image',
    'format-without-image',
  ]);
  expect((await platter(instances, ['recover'])).status).toBe(0);
  expect(await audit()).toEqual([]);
});

describe('wrong input', () => {
  test.each([
    ['an argument', ['audit', 'vm1']],
    ['an unknown option', ['audit', '--repair']],
  ])('%s: usage', async (_, args) => {
    const result = await platter(instances, [...args, '--json']);
    expect({ status: result.status, code: errorOf(result).code }).toEqual({
      status: 2,
      code: 'INVALID_ARGUMENT',
    });
  });

  test('an instances path that is a file is told', async () => {
    const { stdout } = await platter(source, ['audit', '--json']);
    expect((JSON.parse(stdout) as Stray[]).map(({ kind }) => kind)).toContain('unreadable');
  });
});

test('kinds are a closed set', () => {
  expect(new Set(strayKinds).size).toBe(strayKinds.length);
});
