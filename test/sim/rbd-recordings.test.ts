import { describe, expect, test } from 'vitest';
import { imageNamed } from '../../sim/cluster/namespace.ts';
import { patternContent, write } from '../../sim/volume/content.ts';
import { comparable, lab, recordingsOf, type Lab } from './rbd-recordings.ts';

/** A topic of fixtures/rbd-16.2: what was done in between without being recorded, and what is not simulated. */
interface Topic {
  readonly name: string;
  readonly begin?: (lab: Lab) => Promise<void> | void;
  /** Before the recording of this name. */
  readonly before?: Readonly<Record<string, (lab: Lab) => Promise<void>>>;
  /** Names of recordings that are left out, and ranges of them. */
  readonly without?: RegExp;
  readonly skip?: readonly (readonly [number, number])[];
}

const quietly =
  (...lines: readonly string[]) =>
  async ({ run }: Lab) => {
    for (const line of lines) await run(line);
  };

/** What a guest does: `qemu-io -c 'write …'`. */
const guestWrites =
  (image: string, pattern: number, lengthMiB: number) =>
  async ({ cluster }: Lab) => {
    const namespace = cluster.namespace('vms');
    const found = namespace === undefined ? undefined : imageNamed(namespace, image);
    if (namespace === undefined || found === undefined) throw new Error(`no image ${image}`);
    const written = write(found.content, 0, { length: lengthMiB * 2 ** 20, source: pattern });
    cluster.setContent(found, written);
  };

/** Another client that has an image open, as a running guest has. */
const guestOpens = (image: string) => async (place: Lab) => {
  const { cluster } = place;
  const namespace = cluster.namespace('vms');
  const found = namespace === undefined ? undefined : imageNamed(namespace, image);
  const client = cluster.connect('admin', { isGuest: true });
  found?.watchers.add(client);
  if (found !== undefined) found.lock = { client, id: `auto ${client.number}`, isManual: false };
};

const guestsLeave = async ({ cluster }: Lab) => {
  for (const client of [...cluster.clients]) if (client.isGuest) cluster.leave(client);
};

const inOrder =
  (...steps: readonly ((lab: Lab) => Promise<void>)[]) =>
  async (place: Lab) => {
    for (const step of steps) await step(place);
  };

const isNot = /^(?!rbd |ceph )/;

const topics: readonly Topic[] = [
  {
    name: 'basics',
    // A bug of du, what is said of unknown commands, and what is no command of rbd.
    without:
      /^(space used, pool|unknown command|objects behind|bench as a quick writer|trash, list all)$/,
  },
  {
    name: 'snapshots',
    begin: quietly('rbd create vms/a --size 64M'),
    before: {
      'purge with a protected': quietly('rbd snap create vms/a@s1', 'rbd snap protect vms/a@s1'),
      rename: quietly('rbd snap create vms/a@r1', 'rbd snap create vms/a@r2'),
      'rename a protected': quietly('rbd snap protect vms/a@r3'),
      'purge of none': quietly('rbd snap unprotect vms/a@r4', 'rbd snap purge vms/a'),
      'roll back': inOrder(
        guestWrites('a', 65, 8),
        quietly('rbd snap create vms/a@before'),
        guestWrites('a', 66, 4),
        quietly('rbd resize vms/a --size 128M', 'rbd snap create vms/a@later'),
      ),
      'roll back while a client has it open': guestOpens('a'),
    },
    without: /^(list as text|limit of snapshots|beyond the limit)$/,
  },
  {
    name: 'clones',
    begin: inOrder(
      quietly('rbd create vms/t --size 64M'),
      guestWrites('t', 65, 8),
      quietly('rbd snap create vms/t@snap'),
    ),
    before: {
      'trash a parent': quietly('rbd rename vms/t2 vms/t'),
      flatten: quietly('rbd trash restore -p vms 000000000000'),
      'children left': quietly('rbd rm vms/l', 'rbd rm vms/v1'),
      unprotect: quietly('rbd rm images/c2'),
    },
    // Clones of format 2, which no default of this version makes on a cluster that was set up with it.
    skip: [
      [1, 13],
      [48, 99],
    ],
    without: /^(space)$/,
  },
  {
    name: 'resize-rename',
    begin: quietly('rbd create vms/a --size 64M'),
    before: {
      rename: quietly('rbd create vms/b --size 1M'),
      'rename with a protected snapshot': quietly(
        'rbd snap create vms/e@s',
        'rbd snap protect vms/e@s',
      ),
      'rename while a client has it open': guestOpens('f'),
      'rename of a trashed': guestsLeave,
    },
  },
  {
    name: 'remove',
    begin: inOrder(quietly('rbd create vms/a --size 64M'), guestOpens('a')),
    before: {
      'a watcher': inOrder(quietly('rbd create vms/w --size 64M'), guestOpens('w')),
      'watcher killed 35 s ago': guestsLeave,
      'lock by hand': quietly('rbd create vms/l --size 1M'),
    },
    // Its name was another.
    without: /^lock taken away$/,
  },
  {
    name: 'names',
    before: { 'snapshot name s1': quietly('rbd create vms/s --size 1M') },
  },
  {
    name: 'namespaces',
    begin: ({ file, world }) => {
      world.volume.create('/tmp', 'directory', 0o755);
      world.volume.create('/tmp/tmp.CDpVzKdQXM', 'directory', 0o755);
      file('/tmp/tmp.CDpVzKdQXM/f', 8, 1);
    },
    // Clones of format 2.
    without: /^(clone out of it, format 2|info of that|children)$/,
  },
  {
    name: 'import-export',
    begin: ({ file, world: { volume } }) => {
      file('/sparse', 64, 8);
      volume.create('/odd', 'file', 0o644, patternContent(2 ** 20 + 4, 65));
      volume.create('/empty', 'file', 0o644, '');
    },
    before: { 'export of a snapshot': quietly('rbd snap create vms/i1@s') },
    // Streams and links, which nobody here uses.
    without:
      /^(import from standard input|info of it|holes from standard input|import through a link|list|export to standard output.*|export, no directory|compare by hash)$/,
  },
  {
    name: 'users',
    begin: async (place) => {
      place.file('/f', 8, 1);
      place.cluster.users.set('ro', () => 'read');
      place.cluster.users.set('nova', (pool) => (pool === 'vms' ? 'write' : 'read'));
      await quietly(
        'rbd create vms/a --size 8M',
        'rbd import --no-progress f images/t',
        'rbd snap create images/t@snap',
        'rbd snap protect images/t@snap',
      )(place);
    },
    before: {
      'children, as a user who cannot see all pools': quietly('rbd snap create vms/a@s'),
    },
    // Keyrings and configuration files; numbers of what is free.
    without:
      /^(wrong key.*|keyring missing|no capabilities|configuration .*|free space, as that user|monitors, as that user|pools, as that user)$/,
  },
  {
    name: 'template',
    begin: ({ file, world: { volume } }) => {
      for (const path of ['/tmp', '/tmp/platter-record-rbd'])
        volume.create(path, 'directory', 0o755);
      file('/tmp/platter-record-rbd/f', 64, 32);
    },
    // What two do at once.
    skip: [[10, 99]],
  },
];

for (const topic of topics) {
  describe(`rbd 16.2 as recorded: ${topic.name}`, () => {
    test('every command', async () => {
      const place = lab();
      await topic.begin?.(place);
      for (const [index, recording] of recordingsOf(topic.name).entries()) {
        if (topic.skip?.some(([from, to]) => index >= from && index <= to) === true) continue;
        await topic.before?.[recording.name]?.(place);
        if (topic.without?.test(recording.name) === true) continue;
        if (isNot.test(recording.argv.join(' '))) continue;
        const found = await place.run(recording.argv, recording.wrapper);
        expect
          .soft(found, `${recording.name}: ${recording.argv.join(' ')}`)
          .toEqual(comparable(recording));
      }
    });
  });
}
