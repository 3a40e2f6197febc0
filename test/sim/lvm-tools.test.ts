/** The simulated LVM beside the recordings of the real one. */
import { describe, expect, test } from 'vitest';
import type { LogicalVolume } from '../../sim/volume-group/logical-volume.ts';
import { comparable, emptyGroup, messages, recordedTopic, runSimulated } from './recorded-lvm.ts';

const known =
  /^(lvs|vgs|lvcreate|lvextend|lvrename|lvremove|lvchange|lvconvert|vgmknodes|blockdev)$/;

/** Before there is a group. */
const notYet = /^no group yet|missing group/;

interface Topic {
  readonly topic: string;
  /** What the recording did first without keeping it. */
  readonly setUp?: readonly string[];
  /** What it did without keeping it before the command of that name. */
  readonly before?: Readonly<Record<string, readonly string[]>>;
  /** Commands of the recording that rest on what is not simulated. */
  readonly skipped?: RegExp;
}

const thick = (name: string, ...options: string[]) =>
  ['lvcreate -y -L 8388608b', ...options, `-n ${name} vg0`].join(' ');

const again = [
  'lvremove -f vg0/d vg0/S vg0/S2 vg0/old vg0/new vg0/copy',
  'lvcreate -y -V 67108864b --thinpool pool --addtag disk -n d vg0',
  'lvcreate -y -s -kn -an -pr --addtag snap -n S vg0/d',
  'lvextend -L 134217728b vg0/d',
  'lvcreate -y -s -kn -an -pr --addtag snap -n S2 vg0/d',
];

const topics: readonly Topic[] = [
  {
    topic: 'basics',
    before: {
      'insufficient space': ['lvremove -f vg0/rest'],
      'old signature found, with -y': ['lvremove -f vg0/a'],
      'old signature, -Wn': ['lvremove -f vg0/a'],
      'old signature, -Wn -Zn': ['lvremove -f vg0/a'],
    },
    skipped:
      /signature|without -y|verbose|without -n|not answered|size 2\^63|tag|^state: at the end|text report|inactive|volume group: at the end|all groups|descriptor|all columns/,
  },
  {
    topic: 'names',
    skipped: /a\/b|hyphens|bad name|long name|with a slash|bad group|of the names/,
  },
  {
    topic: 'rename-resize',
    setUp: [thick('a'), thick('b'), thick('idle', '-an', '-Zn')],
    before: {
      'rename, target exists': ['lvrename vg0 a2 a'],
      'rename of an open volume': ['open vg0/a'],
      grow: ['close vg0/open'],
    },
    skipped: /lvresize|lvreduce|^state: at the end|verbose|freshly/,
  },
  {
    topic: 'remove',
    setUp: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => thick(name)),
    before: { 'remove, open': ['open vg0/d'] },
    skipped:
      /before|mounted|on top|read-only|nodes|inactive|by mistake|nothing left|volume group|not tried|after|state/,
  },
  {
    topic: 'attributes',
    setUp: [thick('a')],
    before: { 'deactivate, open': ['open vg0/a'], 'read-only': ['close vg0/a'] },
    skipped: /vgchange|group|seqno|others|volume group|while it is open|open/,
  },
  {
    topic: 'thin',
    before: {
      'verbose thin volume': ['lvremove -f vg0/big vg0/t2 vg0/t3 vg0/huge'],
      'with a virtual size': ['lvremove -f vg0/thick'],
      'name the pool too': ['lvremove -f vg0/x'],
      'snapshot of an open volume': ['open vg0/t'],
      'remove an origin that has snapshots': ['close vg0/t'],
      'remove a pool with volumes, not forced': ['lvrename vg0 pool9 pool'],
    },
    skipped:
      /pool, no space|volume group: before|lvs, all|all columns|^volume group|hidden|verbose|with a size|classic|with extents|shrink|state: the origin is gone|all of them|rename the pool|remove a pool/,
  },
  {
    topic: 'thin-nodes',
    setUp: ['lvcreate -y --type thin-pool -L 67108864b -n pool vg0'],
    before: {
      'the group, nothing lost': [
        'lvcreate -y -V 8388608b --thinpool pool -n d vg0',
        'lvcreate -y -s -n s vg0/d',
      ],
      'a thick one beside the pool': [thick('thick')],
      'the group, without a pool': ['lvremove -f vg0/pool'],
    },
  },
  {
    topic: 'thin-template',
    setUp: ['lvcreate -y --type thin-pool -L 1073741824b -n pool vg0'],
    skipped: /after the script|ancestors|the origin of its images/,
  },
  {
    topic: 'thin-restore',
    setUp: ['lvcreate -y --type thin-pool -L 1073741824b -n pool vg0', ...again],
    before: {
      'way 2, before': again,
      'way 2, disk inactive': [...again, 'lvchange -an vg0/d'],
      'way 2, disk open': [...again, 'open vg0/d'],
      'merge a later snapshot after an earlier': ['close vg0/d', ...again],
      'way 1 in one process, after': again,
    },
    skipped: /swap/,
  },
];

function run(world: ReturnType<typeof emptyGroup>, line: string): void {
  const [verb, word = ''] = line.split(' ');
  if (verb !== 'open' && verb !== 'close') {
    runSimulated(world.world, line.split(' '));
    return;
  }
  const volume = world.group.volumes.get(word.replace('vg0/', '')) as LogicalVolume;
  volume.inode.readers += verb === 'open' ? 1 : -1;
}

describe('commands answer as recorded', () => {
  test.each(topics)('$topic', ({ topic, setUp = [], before = {}, skipped }) => {
    const world = emptyGroup();
    for (const line of setUp) run(world, line);
    let compared = 0;
    for (const { name, argv, wrapper, exitCode, stdout, stderr } of recordedTopic(topic)) {
      for (const line of before[name] ?? []) run(world, line);
      if (!known.test(argv[0] ?? '') || wrapper !== undefined) continue;
      if (notYet.test(name)) continue;
      if (skipped?.test(name) === true) {
        if (!/^(lvs|vgs|blockdev)$/.test(argv[0] ?? '')) runSimulated(world.world, argv);
        continue;
      }
      const result = runSimulated(world.world, argv);
      const what = `${name}: ${argv.join(' ')}`;
      expect({ what, exitCode: result?.exitCode }).toEqual({ what, exitCode });
      expect({ what, stdout: comparable(result?.stdout ?? '') }).toEqual({
        what,
        stdout: comparable(stdout),
      });
      expect({ what, stderr: messages(result?.stderr ?? '') }).toEqual({
        what,
        stderr: messages(stderr),
      });
      compared += 1;
    }
    expect(compared).toBeGreaterThan(10);
  });
});
