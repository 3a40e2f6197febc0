/** The wrapped rbd and ceph, against what the real ones were recorded to take and to print. */
import { describe, expect, test } from 'vitest';
import { cephFsid, cephMonitors } from '../../src/tools/ceph/argv.ts';
import {
  parseCephFsid,
  parseCephMonitors,
  parseCephSpace,
  splitMonitorAddress,
} from '../../src/tools/ceph/output.ts';
import * as argv from '../../src/tools/rbd/argv.ts';
import { classifyRbdFailure, hasRenamed, missingPool } from '../../src/tools/rbd/errors.ts';
import {
  parseRbdChildren,
  parseRbdInfo,
  parseRbdList,
  parseRbdProgress,
  parseRbdSnapshots,
  parseRbdUsage,
  parseRbdWatchers,
} from '../../src/tools/rbd/output.ts';
import { recording, recordings, resultOf, topics, type Topic } from './rbd-fixtures.ts';

const client = { connectTimeoutSeconds: 5 };

describe('what failures mean', () => {
  const meanings: readonly (readonly [Topic, string, string])[] = [
    ['basics', 'info, missing image', 'NOT_FOUND'],
    ['basics', 'info, missing pool', 'NOT_FOUND'],
    ['basics', 'info, missing snapshot', 'NOT_FOUND'],
    ['basics', 'create again', 'ALREADY_EXISTS'],
    ['basics', 'create, missing pool', 'NOT_FOUND'],
    ['basics', 'remove again', 'NOT_FOUND'],
    ['basics', 'size of 2^53-1 bytes', 'INVALID_ARGUMENT'],
    ['clones', 'clone again', 'ALREADY_EXISTS'],
    ['clones', 'remove with children', 'IN_USE'],
    ['clones', 'unprotect, a child in the other pool', 'IN_USE'],
    ['clones', 'remove an image whose snapshot has children', 'IN_USE'],
    ['snapshots', 'create again', 'ALREADY_EXISTS'],
    ['snapshots', 'remove a protected', 'IN_USE'],
    ['snapshots', 'remove again', 'NOT_FOUND'],
    ['snapshots', 'roll back, missing', 'NOT_FOUND'],
    ['snapshots', 'roll back while a client has it open', 'IN_USE'],
    ['snapshots', 'beyond the limit', 'NO_SPACE'],
    ['remove', 'remove, a client has it open', 'IN_USE'],
    ['remove', 'rename, locked', 'IN_USE'],
    ['resize-rename', 'shrink', 'CANNOT_SHRINK'],
    ['resize-rename', 'rename, target exists', 'ALREADY_EXISTS'],
    ['resize-rename', 'rename, missing and target exists', 'NOT_FOUND'],
    ['template', 'two removals at once', 'IN_USE'],
    ['namespaces', 'list, missing namespace', 'NOT_FOUND'],
    ['full', 'remove on a full cluster', 'NO_SPACE'],
    ['import-export', 'export into a full file system', 'NO_SPACE'],
    ['import-export', 'export again', 'ALREADY_EXISTS'],
    ['warnings', '/nowhere/a.asok: info of an absent image', 'NOT_FOUND'],
    ['warnings', '/sys/a.asok: info of an absent image', 'NOT_FOUND'],
    ['warnings', '/sys/a.asok: create again', 'ALREADY_EXISTS'],
    ['warnings', '/nowhere/a.asok: remove, with a snapshot', 'IN_USE'],
    ['warnings', '/dev/full/a.asok: remove, with a snapshot', 'IN_USE'],
    ['users', 'user unknown to the cluster', 'PERMISSION_DENIED'],
    ['users', 'keyring missing', 'PERMISSION_DENIED'],
    ['users', 'read-only user, create', 'PERMISSION_DENIED'],
    ['users', 'configuration missing', 'CONFIG_INVALID'],
    ['users', 'configuration empty', 'CONFIG_INVALID'],
    ['users', 'unknown user, ceph', 'PERMISSION_DENIED'],
    ['users', 'configuration missing, ceph', 'CONFIG_INVALID'],
    ['away', 'monitor stopped: mount timeout', 'UNREACHABLE'],
    ['away', 'monitor stopped: mount timeout, missing image', 'UNREACHABLE'],
    ['away', 'monitor stopped: ceph', 'UNREACHABLE'],
    ['away', 'OSD stopped: operation timeouts', 'UNREACHABLE'],
    ['away', 'OSD stopped: rename', 'UNREACHABLE'],
  ];
  test.each(meanings)('%s: %s is %s', (topic, name, code) => {
    const candidates = recordings(topic).filter((entry) => entry.name === name);
    const failed = candidates.find(({ exitCode }) => exitCode !== 0);
    expect(failed, `${topic}: ${name}`).toBeDefined();
    if (failed !== undefined) expect(classifyRbdFailure(resultOf(failed))).toBe(code);
  });

  test('an absent pool is told apart from an absent image, with the same exit status', () => {
    expect(missingPool(recording('basics', 'info, missing pool').stderr)).toBe('nope');
    expect(missingPool(recording('namespaces', 'missing namespace').stderr)).toBe('nope');
    expect(missingPool(recording('basics', 'info, missing image').stderr)).toBe(undefined);
    expect(missingPool(recording('users', 'keyring missing').stderr)).toBe(undefined);
  });
});

describe('a rename with exit status 0', () => {
  const outcome = (name: string) => resultOf(recording('rename-race', name));

  test('has done nothing where the name was given meanwhile, and only the log tells', () => {
    const told = outcome('the name given meanwhile, log: a to n, stopped before message 28');
    expect(told.exitCode).toBe(0);
    expect(hasRenamed(told)).toBe(false);
    expect(classifyRbdFailure(told)).toBe('ALREADY_EXISTS');
    const silent = outcome('the name given meanwhile: a to n, stopped before message 28');
    expect(silent).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('may have left the old name', () => {
    const warned = outcome('away meanwhile, log: a to n, stopped before message 30');
    expect(warned.exitCode).toBe(0);
    expect(hasRenamed(warned)).toBe(false);
  });

  test('else has renamed', () => {
    expect(hasRenamed(outcome('the name given meanwhile, log: meanwhile (28)'))).toBe(true);
    expect(
      hasRenamed(outcome('the name given meanwhile, log: a to n, stopped before message 30')),
    ).toBe(true);
  });
});

describe('what is printed', () => {
  const withoutAnswers: ReadonlySet<string> = new Set(['cluster', 'full', 'rename-race']);

  /** Every recorded answer to a question that platter asks can be read. */
  test.each(topics)('everything of %s', (topic) => {
    let read = 0;
    for (const { argv: args, exitCode, stdout } of recordings(topic)) {
      if (exitCode !== 0 || args[0] !== 'rbd' || args.at(-1) !== 'json') continue;
      const parse = parserOf(args.slice(1).join(' '));
      if (parse === undefined) continue;
      expect(() => parse(stdout), args.join(' ')).not.toThrow();
      read += 1;
    }
    expect(read).toBeGreaterThanOrEqual(withoutAnswers.has(topic) ? 0 : 1);
  });

  function parserOf(command: string): ((stdout: string) => unknown) | undefined {
    if (/ls -l|trash|pool|namespace|image-meta|lock/.test(command)) return undefined;
    if (/\bsnap ls /.test(command)) return parseRbdSnapshots;
    if (/\binfo /.test(command)) return parseRbdInfo;
    if (/\bls /.test(command)) return parseRbdList;
    if (/\bstatus /.test(command)) return parseRbdWatchers;
    if (/\bchildren /.test(command)) return parseRbdChildren;
    return /\bdu /.test(command) ? parseRbdUsage : undefined;
  }

  test('an image, its parent and its time', () => {
    expect(parseRbdInfo(recording('clones', 'info of a clone').stdout)).toEqual({
      id: '1058dede9c26',
      sizeBytes: 67108864,
      objectSizeBytes: 4194304,
      snapshotCount: 0,
      parent: { pool: 'vms', image: 't', snapshot: 'snap' },
      createdAt: '2026-11-23T15:35:28.000Z',
      isProtected: false,
    });
    const { parent } = parseRbdInfo(recording('namespaces', 'info of that').stdout);
    expect(parent?.pool).toBe('vms/ns');
    expect(parseRbdInfo(recording('template', 'is it whole').stdout).isProtected).toBe(true);
  });

  test('snapshots, oldest first, with their protection', () => {
    const { stdout } = recording('snapshots', 'list, one protected');
    const names = parseRbdSnapshots(stdout).map(({ name, isProtected }) => [name, isProtected]);
    expect(names).toEqual([
      ['s1', true],
      ['s2', false],
    ]);
  });

  test('clients, clones and space', () => {
    expect(parseRbdWatchers(recording('remove', 'status').stdout)).toEqual([
      '127.0.0.1:0/1994924776',
    ]);
    expect(parseRbdChildren(recording('namespaces', 'children').stdout)).toEqual([
      'vms/out2',
      'vms/ns/c',
    ]);
    expect(parseRbdUsage(recording('import-export', 'holes stay holes').stdout)).toBe(8388608);
  });

  test('what is no answer is refused', () => {
    for (const text of ['', '[', '[]', '{"name":"a"}', '{"size":-1,"id":"x"}', 'null']) {
      expect(() => parseRbdInfo(text)).toThrow(/cannot be read/);
    }
    expect(() => parseRbdList('[1]')).toThrow(/cannot be read/);
    expect(() => parseRbdSnapshots('{}')).toThrow(/cannot be read/);
  });

  test('progress', () => {
    expect(parseRbdProgress('Importing image: 37% complete...')).toBe(37);
    expect(parseRbdProgress('rbd: error')).toBe(undefined);
  });

  test('monitors, of which IPv6 addresses keep their brackets until they are split', () => {
    const { stdout, stderr } = recording('cluster', 'monitors');
    const expected = { epoch: 1, addresses: ['127.0.0.1:6789'] };
    expect(parseCephMonitors(stdout)).toEqual(expected);
    expect(parseCephMonitors(`${stderr}${stdout}`)).toEqual(expected);
    const six = '{"epoch":2,"mons":[{"addr":"[2001:db8::1]:6789/0"},{"addr":"mon.b:3300/0"}]}';
    const { addresses } = parseCephMonitors(six);
    expect(addresses).toEqual(['[2001:db8::1]:6789', 'mon.b:3300']);
    expect(addresses.map(splitMonitorAddress)).toEqual([
      { name: '2001:db8::1', port: '6789' },
      { name: 'mon.b', port: '3300' },
    ]);
  });

  test('the cluster, and the space of a pool under its quota', () => {
    expect(parseCephFsid(recording('cluster', 'fsid, json').stdout)).toMatch(/^[0-9a-f-]{36}$/);
    const { stdout } = recording('cluster', 'free space');
    expect(parseCephSpace(stdout, 'vms')).toEqual({
      totalBytes: 4294967296,
      freeBytes: 4080187136,
      usedBytes: 19,
    });
    expect(parseCephSpace(stdout, 'nope')).toBe(undefined);
    const quota = stdout.replace('"stored":19', '"stored":1000,"quota_bytes":1500');
    expect(parseCephSpace(quota, 'vms')?.freeBytes).toBe(500);
    const over = stdout.replace('"stored":19', '"stored":1000,"quota_bytes":10');
    expect(parseCephSpace(over, 'vms')?.freeBytes).toBe(0);
  });
});

describe('command lines', () => {
  const line = ({ file, args }: { file: string; args: readonly string[] }) =>
    [file, ...args].join(' ');

  test('are bounded in time, those that read in every way', () => {
    expect(line(argv.rbdInfo(client, 'vms/a'))).toBe(
      'rbd --client-mount-timeout 5 --rados-mon-op-timeout 15 --rados-osd-op-timeout 15 info vms/a --format json',
    );
    expect(line(argv.rbdRename(client, 'vms/a', 'vms/b'))).toBe(
      'rbd --client-mount-timeout 5 rename vms/a vms/b --debug-rbd=1 --log-to-stderr=true',
    );
    expect(line(cephFsid(client))).toBe('ceph --connect-timeout 5 fsid --format json');
  });

  test('name the user and the configuration', () => {
    const nova = { user: 'nova', cephConf: '/etc/ceph/other.conf', connectTimeoutSeconds: 7 };
    expect(line(argv.rbdRemove(nova, 'vms/a'))).toBe(
      'rbd --conf /etc/ceph/other.conf --id nova --client-mount-timeout 7 rm --no-progress vms/a',
    );
    expect(line(cephMonitors(nova))).toBe(
      'ceph --conf /etc/ceph/other.conf --id nova --connect-timeout 7 mon dump --format json',
    );
  });

  test('never lose a write to an operation timeout, and never force', () => {
    const changes = [
      argv.rbdCreate(client, 'vms/a', 512),
      argv.rbdImport(client, '/f', 'vms/a'),
      argv.rbdExport(client, 'vms/a', '/f'),
      argv.rbdClone(client, 'vms/a@s', 'vms/b'),
      argv.rbdResize(client, 'vms/a', 512),
      argv.rbdRename(client, 'vms/a', 'vms/b'),
      argv.rbdRemove(client, 'vms/a'),
      argv.rbdFlatten(client, 'vms/a'),
      argv.rbdSnapshot(client, 'rm', 'vms/a@s'),
      argv.rbdProtection(client, 'unprotect', 'vms/a@s'),
      argv.rbdRollBack(client, 'vms/a@s'),
    ].map(line);
    for (const text of changes) expect(text).not.toMatch(/op-timeout|--force|--allow-shrink/);
  });

  test('clones leave a namespace in the second format alone', () => {
    expect(line(argv.rbdClone(client, 'a/t@s', 'b/c'))).not.toContain('clone_format');
    expect(line(argv.rbdClone(client, 'a/n/t@s', 'a/n/c'))).not.toContain('clone_format');
    expect(line(argv.rbdClone(client, 'a/t@s', 'a/n/c'))).toContain('clone_format 2');
  });
});
