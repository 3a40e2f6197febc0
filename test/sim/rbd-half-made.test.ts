/**
 * What killed commands leave of an image's names, and what other commands make of it: the simulated rbd does what was
 * recorded of the real one (half-made.json), where the same states were made by hand with rados.
 */
import { expect, test } from 'vitest';
import type { Namespace } from '../../sim/cluster/namespace.ts';
import {
  comparable,
  lab,
  recordingsOf,
  type Comparable,
  type Lab,
  type Recording,
} from './rbd-recordings.ts';

const recordings = recordingsOf('half-made');

const renamings = [1, 2].flatMap((state) =>
  [
    'rename vms/r vms/u',
    'rename vms/u vms/r',
    'rename vms/r vms/w',
    'rename vms/u vms/w',
    'rm --no-progress vms/r',
    'rm --no-progress vms/u',
  ].map((way) => `half renamed, ${state}: ${way}`),
);

/** By how their labels begin; the commands are those of the recordings. */
const states: Readonly<Record<string, (place: Lab, namespace: Namespace) => Promise<void>>> = {
  'listed, not there: another one renamed to it': async (place, namespace) => {
    await listed(place, namespace);
    await place.run('rbd create vms/other --size 1M');
  },
  'listed, not there: remove': listed,
  'named, not there': async ({ run }, { ids, headers }) => {
    await run('rbd create vms/named --size 1M');
    headers.delete(ids.get('named') ?? '');
  },
  'listed by another name': async ({ run }, { ids, directory }) => {
    await run('rbd create vms/r --size 1M');
    const id = ids.get('r') ?? '';
    directory.delete('r');
    directory.set('u', id);
  },
  ...Object.fromEntries(
    renamings.map((label) => [
      label,
      async ({ run }: Lab, { ids, directory }: Namespace) => {
        await run('rbd create vms/r --size 1M');
        const id = ids.get('r') ?? '';
        ids.set('u', id);
        if (!label.startsWith('half renamed, 2')) return;
        directory.delete('r');
        directory.set('u', id);
      },
    ]),
  ),
};

async function listed({ run }: Lab, { ids, headers }: Namespace) {
  await run('rbd create vms/listed --size 1M');
  const id = ids.get('listed') ?? '';
  ids.delete('listed');
  headers.delete(id);
}

test.each(Object.entries(states))('%s', async (label, make) => {
  const place = lab();
  const namespace = place.cluster.namespace('vms');
  if (namespace === undefined) throw new Error('no pool');
  await make(place, namespace);
  const entries = recordings.filter(({ name }) => name.startsWith(label));
  expect(entries.length).toBeGreaterThan(0);
  for (const entry of entries) {
    if (entry.name.endsWith('left')) expect(namesIn(namespace)).toBe(recordedNames(entry));
    else expect(answer(await place.run(entry.argv)), entry.name).toEqual(answer(comparable(entry)));
  }
});

/** How often librbd says in its log that it found no header is left out. */
function answer({ exitCode, stdout, stderr }: Comparable): Comparable {
  const isTold = (line: string) => !line.includes('failed to retrieve initial metadata');
  return { exitCode, stdout, stderr: stderr.filter(isTold) };
}

function namesIn({ directory, ids }: Namespace): string {
  return [[...directory.keys()].sort(), [...ids.keys()].sort()].join(' | ');
}

/** What `rbd ls` shows, an empty line, and the objects. */
function recordedNames({ stdout }: Recording): string {
  const lines = stdout.split('\n');
  const end = lines.indexOf('');
  const ids = lines.slice(end).filter((line) => line.startsWith('rbd_id.'));
  return [lines.slice(0, end), ids.map((line) => line.slice('rbd_id.'.length)).sort()].join(' | ');
}
