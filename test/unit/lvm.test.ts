import { readFileSync } from 'node:fs';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/ports/executor.ts';
import { shred } from '../../src/tools/coreutils/devices.ts';
import { cryptsetupCreate } from '../../src/tools/cryptsetup/argv.ts';
import { classifyCryptsetupFailure } from '../../src/tools/cryptsetup/errors.ts';
import {
  classifyDmsetupFailure,
  isDeviceAbsent,
  isUnfinishedCrypt,
  parseDeps,
} from '../../src/tools/dmsetup/report.ts';
import {
  activate,
  createThinSnapshot,
  lvextend,
  lvmScriptText,
  lvremove,
  lvrename,
} from '../../src/tools/lvm/argv.ts';
import { classifyLvmFailure } from '../../src/tools/lvm/errors.ts';
import { parseLvs, parseVgs } from '../../src/tools/lvm/report.ts';

interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function recordings(topic: string): readonly Recording[] {
  const path = `${import.meta.dirname}/../../fixtures/${topic}.json`;
  return JSON.parse(readFileSync(path, 'utf8')) as Recording[];
}

function recording(topic: string, name: string): RunResult & Recording {
  const found = recordings(topic).find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`${topic} has no recording "${name}"`);
  return { ...found, killed: null };
}

describe('command lines', () => {
  test('a script is what LVM reads, and holds no words that it would split', () => {
    const snapshot = createThinSnapshot({
      group: 'vg0',
      name: 'platter-part-01',
      tags: ['platter.image=vm1/disk'],
      origin: 't',
      permission: 'rw',
    });
    expect(lvmScriptText([...snapshot, lvrename('vg0', 'platter-part-01', 'vm1_disk')])).toBe(
      [
        '#!/sbin/lvm',
        'lvcreate -y -s -kn -an -prw --addtag=platter.image=vm1/disk -n platter-part-01 vg0/t',
        'lvrename vg0 platter-part-01 vm1_disk',
        '',
      ].join('\n'),
    );
    expect(() => lvmScriptText([activate('vg0', 'a b')])).toThrow();
    expect(() => lvmScriptText([activate('vg0', 'a\nlvremove -f vg0')])).toThrow();
    expect(() => lvremove('vg0', '')).toThrow();
  });

  const name = (length: number) => fc.stringMatching(new RegExp(`^[a-z]{1,${length}}$`));

  property.prop([name(60), name(63), name(30), fc.array(name(130), { maxLength: 7 })])(
    'have tags of their own lines where one line is too short, and lose none',
    (group, origin, volumeOf, values) => {
      const tags = values.map((value, index) => `platter.${index}=${value}`);
      const commands = createThinSnapshot({
        group,
        name: `platter-part-${volumeOf}`,
        tags,
        origin,
        permission: 'r',
      });
      const lines = lvmScriptText(commands).split('\n');
      for (const line of lines) expect(line.length).toBeLessThan(254);
      const given = commands
        .flatMap(({ args }) => args)
        .filter((text) => text.startsWith('--addtag='))
        .map((text) => text.slice('--addtag='.length));
      expect(given).toEqual(tags);
    },
  );

  test('a line of 253 characters is read, a longer one does nothing and says so', () => {
    expect(recording('lvm-2.03/platter', 'a line of 253 characters').exitCode).toBe(0);
    expect(recording('lvm-2.03/platter', 'a line of 254 characters').exitCode).toBe(3);
    const { exitCode, stderr } = recording('lvm-2.03/platter', 'a script with a long line');
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('Line too long')]);
  });

  test('are those that were recorded', () => {
    const recorded = recordings('lvm-2.03/platter').map(({ argv }) => argv.join(' '));
    const line = ({ file, args }: { file: string; args: readonly string[] }) =>
      [file, ...args].join(' ');
    expect(recorded).toContain(line(lvextend('vg0', 'vm1_disk', 50_331_648)));
    expect(recorded).toContain(line(activate('vg0', 'platter-removed-04')));
    expect(recorded).toContain(
      line(
        shred('/dev/vg0/platter-snapshot-06', {
          passes: 0,
          endsWithZeros: true,
          sizeBytes: 37_748_736,
        }),
      ),
    );
  });

  test('no secret is an argument', () => {
    expect(cryptsetupCreate('m', '/dev/d', { cipher: 'c', keySize: 512 }).args).toEqual([
      ...['create', 'm', '/dev/d', '--cipher=c', '--key-size=512', '--key-file=-'],
    ]);
  });
});

describe('failures', () => {
  test.each([
    ['basics', /^Volume group .* not found/, 'NOT_FOUND'],
    ['thin', /already exists in volume group/i, 'ALREADY_EXISTS'],
    ['thin', /insufficient free space/i, 'NO_SPACE'],
    ['thin-thresholds', /reached threshold/, 'NO_SPACE'],
    ['thin-full', /out of data space/, 'NO_SPACE'],
    ['classic', /Logical volume vg0\/a in use/, 'IN_USE'],
    ['remove', /in use\./, 'IN_USE'],
    ['rename-resize', /not larger than existing size/, 'CANNOT_SHRINK'],
    ['names', /are reserved/, 'INVALID_ARGUMENT'],
    ['locks', /flock failed/, 'LOCKED'],
    ['missing-pv', /Refusing activation|PVs are missing/, 'CORRUPT'],
    ['missing-pv', /Failed to find logical volume/, 'NOT_FOUND'],
    ['thin-restore', /Failed to find logical volume|No such command/, 'NOT_FOUND'],
  ])('of %s: %s is %s', (topic, pattern, code) => {
    const found = recordings(`lvm-2.03/${topic}`).filter(
      ({ exitCode, stderr }) => exitCode !== 0 && pattern.test(stderr.trim()),
    );
    expect(found.length).toBeGreaterThan(0);
    for (const entry of found) {
      expect([entry.name, classifyLvmFailure({ ...entry, killed: null })]).toEqual([
        entry.name,
        code,
      ]);
    }
  });

  test('a script whose workspace was taken over is not found', () => {
    expect(classifyLvmFailure(recording('lvm-2.03/platter', 'a script that is gone'))).toBe(
      'NOT_FOUND',
    );
  });

  test.each([
    ['plain', 'create again', 'ALREADY_EXISTS'],
    ['killed', 'create, killed before DM_TABLE_LOAD: created again', 'ALREADY_EXISTS'],
    ['plain', 'no device', 'NOT_FOUND'],
    ['plain', 'unknown cipher', 'INVALID_ARGUMENT'],
    ['keys', 'no key', 'INVALID_ARGUMENT'],
  ])('of cryptsetup, %s: %s', (topic, name, code) => {
    expect(classifyCryptsetupFailure(recording(`cryptsetup-2.6/${topic}`, name))).toBe(code);
  });

  test.each([
    ['dmsetup remove, absent', true, 'NOT_FOUND'],
    ['remove, killed before unlink of a node: what it is', true, 'NOT_FOUND'],
    ['remove, killed before unlink of a node: what it leans on', true, 'NOT_FOUND'],
    ['dmsetup remove, open', false, 'IN_USE'],
  ])('of dmsetup: %s', (name, absent, code) => {
    const result = recording('cryptsetup-2.6/killed', name);
    expect(isDeviceAbsent(result)).toBe(absent);
    expect(classifyDmsetupFailure(result)).toBe(code);
  });
});

describe('reports', () => {
  test.each([
    ['create, killed before DM_TABLE_LOAD', []],
    ['create, killed before DM_DEV_SUSPEND (resume)', []],
    ['create, killed before mknodat of a node', ['vg0-vm2_disk']],
  ])('of what a map leans on: %s', (name, under) => {
    const { stdout } = recording('cryptsetup-2.6/killed', `${name}: what it leans on`);
    expect(parseDeps(stdout)).toEqual(under);
    const { stdout: info } = recording('cryptsetup-2.6/killed', `${name}: what it is`);
    expect(isUnfinishedCrypt('k', info)).toBe(under.length === 0);
    expect(isUnfinishedCrypt('another', info)).toBe(false);
  });

  test('of a device of others, which leans on nothing either', () => {
    const found = (name: string) => recording('cryptsetup-2.6/killed', name).stdout;
    expect(parseDeps(found('what a device of others leans on'))).toEqual([]);
    expect(isUnfinishedCrypt('k', found('what a device of others is'))).toBe(false);
  });

  test('of a group with volumes, also at the end of a script', () => {
    const made = recording('lvm-2.03/platter', 'disk made, in one script that ends with a report');
    const found = parseLvs(made.stdout);
    expect(found).toMatchObject({ name: 'vg0', extentBytes: 4 * 1024 * 1024 });
    expect(found?.volumes.find(({ name }) => name === 'pool')).toMatchObject({
      kind: 'pool',
      zeroes: true,
      health: '',
    });
    expect(found?.volumes.find(({ name }) => name === 'vm1_disk')).toMatchObject({
      kind: 'thin',
      pool: 'pool',
      isActive: true,
      isReadOnly: false,
      sizeBytes: 33_554_432,
      tags: ['platter.image=vm1/disk', 'platter.made=01'],
    });
    const template = found?.volumes.find(({ name }) => name.startsWith('platter-template'));
    expect(template).toMatchObject({ isReadOnly: true, isActive: false, dataPercent: null });
  });

  test('of classic snapshots, and of what is left of one', () => {
    const before = parseLvs(recording('lvm-2.03/platter', 'classic snapshot, report').stdout);
    const find = (group: typeof before) =>
      group?.volumes.find(({ name }) => name === 'platter-snapshot-06');
    expect(find(before)).toMatchObject({ kind: 'snapshot', origin: 'vm2_disk' });
    const after = parseLvs(recording('lvm-2.03/platter', 'split off, report').stdout);
    expect(find(after)).toMatchObject({ kind: 'plain', origin: '', isReadOnly: false });
  });

  test('of an empty group there is only the group', () => {
    const empty = recording('lvm-2.03/platter', 'report of an empty group');
    expect(parseLvs(empty.stdout)).toBe(undefined);
    const group = parseVgs(recording('lvm-2.03/platter', 'the empty group itself').stdout);
    expect(group).toMatchObject({ name: 'vg0', volumes: [] });
    expect(group?.freeBytes).toBe(group?.sizeBytes);
  });

  property.prop([fc.string()])('of anything else are refused, never believed', (text) => {
    for (const parse of [parseLvs, parseVgs]) {
      try {
        parse(text);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: 'TOOL_FAILED' });
      }
    }
  });
});
