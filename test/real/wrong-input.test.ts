/** Wrong input: the code and the exit status of the contract, one line of JSON, and nothing is changed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, linkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';
import { makeImage } from './file-images.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${directory}/instances`;
const at = (path: string) => `${directory}/${path}`;

beforeAll(async () => {
  await makeImage(at('t.raw'), 'raw', 8 * 1024 * 1024);
  await makeImage(at('t.qcow2'), 'qcow2', 8 * 1024 * 1024);
  mkdirSync(at('folder'));
  writeFileSync(at('empty'), '');
  symlinkSync(at('t.raw'), at('symlink'));
  writeFileSync(at('linked'), 'x'.repeat(4096));
  linkSync(at('linked'), at('hardlink'));
  execFileSync('mkfifo', [at('pipe')]);
  execFileSync('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    '/etc/passwd',
    '-F',
    'raw',
    '-u',
    at('evil.qcow2'),
    '1M',
  ]);
  writeFileSync(at('broken.toml'), 'instances_path = \n');
  writeFileSync(at('unknown.toml'), 'instance_path = "/x"\n');
  writeFileSync(at('unknown-section.toml'), '[lvm]\nvolume_grop = "x"\n');
  writeFileSync(at('camel.toml'), 'instancesPath = "/x"\n');
  writeFileSync(at('type.toml'), 'max_concurrent_disk_ops = "many"\n');
  writeFileSync(at('encrypted.toml'), '[encryption]\nenabled = true\n');
  writeFileSync(at('beside.toml'), '[image_cache]\nsubdirectory_name = "images"\n');
  writeFileSync(at('locks.toml'), '[image_cache]\nsubdirectory_name = "locks"\n');
  writeFileSync(at('relative.toml'), 'instances_path = "relative"\n');
  const made = [
    ['template', 'add', 't', at('t.raw')],
    ['image', 'create', 'vm1/disk', '--template', 't', '--size', '16M'],
    ['image', 'create', 'vm1/flat', '--template', 't', '--backend', 'flat'],
    ['snapshot', 'create', 'vm1/disk@s'],
  ];
  for (const args of made) {
    const result = await platter(instances, args);
    expect(result, result.stderr).toMatchObject({ status: 0 });
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Every file below the instances path with its content's checksum. */
function everything(): string {
  return execFileSync(
    'bash',
    ['-c', 'find . -type f -exec sha256sum {} + | sort; find . -type d | sort'],
    {
      cwd: instances,
      encoding: 'utf8',
    },
  );
}

const image = (...args: string[]) => ['image', ...args];
const template = (...args: string[]) => ['template', ...args];
const create = (address: string, ...args: string[]) => image('create', address, ...args);

const cases: readonly (readonly [what: string, args: string[], code: string, status: number])[] = [
  ['a name with a comma', create('vm,1/disk', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['a name with a colon', create('vm1/di:sk', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['a name with a space', create('vm 1/disk', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['a name with an at', create('vm1/disk@x', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['../x as an instance', create('../x', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['../x as a disk', create('vm1/../x', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['a leading dot', create('.vm/disk', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['a leading dash', create('vm1/--', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['no disk', create('vm1', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['an export to standard output', image('export', 'vm1/disk', '-'), 'INVALID_ARGUMENT', 2],
  ['a pipe for a configuration', ['--config', at('pipe'), 'image', 'list'], 'CONFIG_INVALID', 2],
  ['a link to a configuration', ['--config', at('symlink'), 'image', 'list'], 'CONFIG_INVALID', 2],
  ['an empty name', create('/disk', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  [
    'a name of 64 characters',
    create(`${'v'.repeat(64)}/disk`, '--size', '1M'),
    'INVALID_ARGUMENT',
    2,
  ],
  ['a name that is not ASCII', create('vmé/disk', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['the name of the locks', create('locks/disk', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['the name of disk.info', create('vm1/disk.info', '--size', '1M'), 'INVALID_ARGUMENT', 2],
  ['a template name with a slash', template('add', '../t', at('t.raw')), 'INVALID_ARGUMENT', 2],
  ['a snapshot name with a slash', ['snapshot', 'create', 'vm1/disk@../x'], 'INVALID_ARGUMENT', 2],
  ['no snapshot name', ['snapshot', 'create', 'vm1/disk'], 'INVALID_ARGUMENT', 2],
  ['no size for a blank disk', create('vm2/disk'), 'INVALID_ARGUMENT', 2],
  ['size 0 for a blank disk', create('vm2/disk', '--size', '0'), 'INVALID_ARGUMENT', 2],
  ['a negative size', create('vm2/disk', '--size', '-1G'), 'INVALID_ARGUMENT', 2],
  ['10GB', create('vm2/disk', '--size', '10GB'), 'INVALID_ARGUMENT', 2],
  ['a size of words', create('vm2/disk', '--size', 'big'), 'INVALID_ARGUMENT', 2],
  ['a fraction', create('vm2/disk', '--size', '1.5G'), 'INVALID_ARGUMENT', 2],
  ['more than 2^53 bytes', create('vm2/disk', '--size', '9000P'), 'INVALID_ARGUMENT', 2],
  [
    'smaller than the template',
    create('vm2/disk', '--template', 't', '--size', '4M'),
    'SIZE_TOO_SMALL',
    4,
  ],
  [
    'an unknown backend',
    create('vm2/disk', '--size', '1M', '--backend', 'zfs'),
    'INVALID_ARGUMENT',
    2,
  ],
  ['a disk twice', create('vm1/disk', '--template', 't'), 'ALREADY_EXISTS', 4],
  [
    'a disk twice, of another backend',
    create('vm1/disk', '--size', '1M', '--backend', 'flat'),
    'ALREADY_EXISTS',
    4,
  ],
  ['no such template', create('vm2/disk', '--template', 'none'), 'NOT_FOUND', 3],
  ['a template twice', template('add', 't', at('t.raw')), 'ALREADY_EXISTS', 4],
  ['a missing file', template('add', 'n', at('missing')), 'NOT_FOUND', 3],
  ['a directory for a file', template('add', 'n', at('folder')), 'INVALID_ARGUMENT', 2],
  ['a pipe for a file', template('add', 'n', at('pipe')), 'UNSAFE_IMAGE', 6],
  ['a device for a file', template('add', 'n', '/dev/null'), 'UNSAFE_IMAGE', 6],
  ['a symbolic link for a file', template('add', 'n', at('symlink')), 'UNSAFE_IMAGE', 6],
  ['a hard link for a file', template('add', 'n', at('hardlink')), 'UNSAFE_IMAGE', 6],
  ['an empty file', template('add', 'n', at('empty')), 'UNSAFE_IMAGE', 6],
  ['a backing file', template('add', 'n', at('evil.qcow2')), 'UNSAFE_IMAGE', 6],
  [
    'qcow2 declared as raw',
    template('add', 'n', at('t.qcow2'), '--format', 'raw'),
    'FORMAT_MISMATCH',
    6,
  ],
  [
    'an unknown format',
    template('add', 'n', at('t.raw'), '--format', 'zip'),
    'INVALID_ARGUMENT',
    2,
  ],
  [
    'another checksum',
    template('add', 'n', at('t.raw'), '--sha256', '0'.repeat(64)),
    'CHECKSUM_MISMATCH',
    6,
  ],
  ['half a checksum', template('add', 'n', at('t.raw'), '--sha256', 'abc'), 'INVALID_ARGUMENT', 2],
  ['an unknown scheme', template('add', 'n', 'ftp://example.org/x'), 'INVALID_ARGUMENT', 2],
  ['nobody listens', template('add', 'n', 'http://127.0.0.1:9/x'), 'UNREACHABLE', 75],
  ['a template that is used', template('delete', 't', '--yes'), 'IN_USE', 4],
  ['deleting no template', template('delete', 'none', '--yes'), 'NOT_FOUND', 3],
  ['showing no template', template('show', 'none'), 'NOT_FOUND', 3],
  ['verifying no template', template('verify', 'none'), 'NOT_FOUND', 3],
  ['deleting without a yes', template('delete', 't'), 'INVALID_ARGUMENT', 2],
  ['pruning without a yes', template('prune'), 'INVALID_ARGUMENT', 2],
  ['an age of words', template('prune', '--unused-for', 'long', '--yes'), 'INVALID_ARGUMENT', 2],
  ['showing no image', image('show', 'vm9/disk'), 'NOT_FOUND', 3],
  ['showing it on another backend', image('show', 'vm1/disk', '--backend', 'flat'), 'NOT_FOUND', 3],
  ['resizing no image', image('resize', 'vm9/disk', '--size', '1G'), 'NOT_FOUND', 3],
  ['shrinking', image('resize', 'vm1/disk', '--size', '1M'), 'CANNOT_SHRINK', 4],
  ['shrinking to nothing', image('resize', 'vm1/disk', '--size', '0'), 'CANNOT_SHRINK', 4],
  ['resizing to no size', image('resize', 'vm1/disk'), 'INVALID_ARGUMENT', 2],
  ['deleting no image', image('delete', 'vm9/disk', '--yes'), 'NOT_FOUND', 3],
  ['deleting an image without a yes', image('delete', 'vm1/disk'), 'INVALID_ARGUMENT', 2],
  ['exporting over a file', image('export', 'vm1/disk', at('t.raw')), 'ALREADY_EXISTS', 4],
  ['exporting into no directory', image('export', 'vm1/disk', at('none/x')), 'NOT_FOUND', 3],
  [
    'exporting as a strange format',
    image('export', 'vm1/disk', at('x'), '--format', 'zip'),
    'INVALID_ARGUMENT',
    2,
  ],
  ['exporting over a directory', image('export', 'vm1/disk', at('folder')), 'INVALID_ARGUMENT', 2],
  ['exporting no snapshot', image('export', 'vm1/disk@none', at('x')), 'NOT_FOUND', 3],
  ['importing a missing file', image('import', at('missing'), 'vm2/disk'), 'NOT_FOUND', 3],
  ['importing a directory', image('import', at('folder'), 'vm2/disk'), 'INVALID_ARGUMENT', 2],
  ['importing over a disk', image('import', at('t.raw'), 'vm1/disk'), 'ALREADY_EXISTS', 4],
  ['importing a backing file', image('import', at('evil.qcow2'), 'vm2/disk'), 'UNSAFE_IMAGE', 6],
  [
    'importing into too little',
    image('import', at('t.raw'), 'vm2/disk', '--size', '1M'),
    'SIZE_TOO_SMALL',
    4,
  ],
  ['cloning no snapshot', image('clone', 'vm1/disk@none', 'vm2/disk'), 'NOT_FOUND', 3],
  ['cloning over a disk', image('clone', 'vm1/disk@s', 'vm1/disk'), 'ALREADY_EXISTS', 4],
  ['an unknown bus', image('xml', 'vm1/disk', '--bus', 'virt'), 'INVALID_ARGUMENT', 2],
  ['an unknown cache mode', image('xml', 'vm1/disk', '--cache', 'fast'), 'INVALID_ARGUMENT', 2],
  ['a strange device', image('xml', 'vm1/disk', '--device', '../vda'), 'INVALID_ARGUMENT', 2],
  ['a snapshot twice', ['snapshot', 'create', 'vm1/disk@s'], 'ALREADY_EXISTS', 4],
  ['restoring of none', ['snapshot', 'restore', 'vm1/disk@none', '--yes'], 'NOT_FOUND', 3],
  ['restoring without a yes', ['snapshot', 'restore', 'vm1/disk@s'], 'INVALID_ARGUMENT', 2],
  ['deleting no snapshot', ['snapshot', 'delete', 'vm1/disk@none', '--yes'], 'NOT_FOUND', 3],
  ['a snapshot of no image', ['snapshot', 'create', 'vm9/disk@s'], 'NOT_FOUND', 3],
  ['an unknown noun', ['imag', 'list'], 'INVALID_ARGUMENT', 2],
  ['an unknown verb', ['image', 'lst'], 'INVALID_ARGUMENT', 2],
  ['an unknown option', create('vm2/disk', '--sise', '1M'), 'INVALID_ARGUMENT', 2],
  ['too many words', ['image', 'show', 'vm1/disk', 'vm1/flat'], 'INVALID_ARGUMENT', 2],
  ['too few words', ['image', 'show'], 'INVALID_ARGUMENT', 2],
  ['a missing value', ['image', 'show', 'vm1/disk', '--lock-wait'], 'INVALID_ARGUMENT', 2],
  [
    'a strange duration',
    ['image', 'show', 'vm1/disk', '--lock-wait', 'soon'],
    'INVALID_ARGUMENT',
    2,
  ],
  [
    'a missing configuration',
    ['image', 'list', '--config', at('missing.toml')],
    'CONFIG_INVALID',
    2,
  ],
  ['broken TOML', ['image', 'list', '--config', at('broken.toml')], 'CONFIG_INVALID', 2],
  ['an unknown key', ['image', 'list', '--config', at('unknown.toml')], 'CONFIG_INVALID', 2],
  [
    'an unknown key in a section',
    ['image', 'list', '--config', at('unknown-section.toml')],
    'CONFIG_INVALID',
    2,
  ],
  ['a key in another case', ['image', 'list', '--config', at('camel.toml')], 'CONFIG_INVALID', 2],
  [
    'an encrypted disk of a backend that has none',
    create('vm2/disk', '--size', '1M', '--config', at('encrypted.toml')),
    'NOT_SUPPORTED',
    5,
  ],
  [
    'an instance by the name of the template store',
    create('images/disk', '--size', '1M', '--config', at('beside.toml')),
    'INVALID_ARGUMENT',
    2,
  ],
  [
    'the locks for a template store',
    ['image', 'list', '--config', at('locks.toml')],
    'CONFIG_INVALID',
    2,
  ],
  ['no name of a configuration', ['image', 'list', '--config', ''], 'CONFIG_INVALID', 2],
  ['no instances path', ['image', 'list', '--instances-path', ''], 'CONFIG_INVALID', 2],
  ['planning with a missing file', template('add', 'n', at('missing'), '-n'), 'NOT_FOUND', 3],
  ['planning with an unsafe file', template('add', 'n', at('evil.qcow2'), '-n'), 'UNSAFE_IMAGE', 6],
  ['a value of another type', ['image', 'list', '--config', at('type.toml')], 'CONFIG_INVALID', 2],
];

describe('wrong input', () => {
  const filesystemHasNoSnapshots = ['snapshot', 'create', 'vm1/flat@s'];

  test.each(cases)('%s', async (_, args, code, status) => {
    const before = everything();
    const result = await platter(instances, [...args, '--json']);
    expect(result.stdout).toBe('');
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect({ code: errorOf(result).code, status: result.status }).toEqual({ code, status });
    expect(everything()).toBe(before);
  });

  test('snapshots of flat images where the filesystem has no reflinks', async () => {
    const before = everything();
    const result = await platter(instances, [...filesystemHasNoSnapshots, '--json']);
    expect({ code: errorOf(result).code, status: result.status }).toEqual({
      code: 'NOT_SUPPORTED',
      status: 5,
    });
    expect(everything()).toBe(before);
  });

  test('hints name what was meant', async () => {
    const hint = async (...args: string[]) =>
      errorOf(await platter(instances, [...args, '--json'])).hint;
    expect(await hint('imag', 'list')).toBe('did you mean image?');
    expect(await hint('image', 'lst')).toBe('did you mean list?');
    expect(await hint('image', 'create', 'vm2/disk', '--sise', '1M')).toBe('did you mean --size?');
    expect(await hint('snapshot')).toBe('platter snapshot takes create, list, restore or delete');
    expect(await hint('image', 'show')).toBe('platter image show --help tells how to use it');
    expect(await hint('image', 'xml', 'vm1/disk', '--bus', 'virt')).toBe('did you mean virtio?');
    expect(await hint('image', 'create', 'vm2/disk', '--template', 't', '--size', '4M')).toBe(
      'ask for at least 8 MiB, or leave the size out',
    );
    expect(await hint('image', 'create', 'vm2/disk', '--backend', 'qcow')).toBe(
      'did you mean qcow2?',
    );
    expect(await hint('image', 'create', 'vm2/disk', '--backend', 'RAW')).toBe('did you mean raw?');
    expect(await hint('image', 'create', 'vm2/disk', '--size', '10GB')).toContain('10G');
    expect(await hint('image', 'list', '--config', at('unknown.toml'))).toBe(
      'did you mean "instances_path"?',
    );
    expect(await hint('image', 'list', '--config', at('unknown-section.toml'))).toBe(
      'did you mean "volume_group"?',
    );
  });
});
