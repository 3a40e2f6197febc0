/**
 * What a command of rbd leaves when it is killed, after any of its steps: the same states as were recorded of the real one,
 * killed before any of its messages (fixtures/rbd-16.2/killed-steps.json).
 */
import { expect, test } from 'vitest';
import type { Fault } from '../../sim/faults/fault.ts';
import { lab, recordingsOf, type Lab } from './rbd-recordings.ts';

const setups: Readonly<Record<string, readonly string[]>> = {
  nothing: [],
  image: ['rbd create vms/t --size 8M'],
  snapshot: ['rbd create vms/t --size 8M', 'rbd snap create vms/t@s'],
  template: ['rbd import /f vms/t', 'rbd snap create vms/t@s', 'rbd snap protect vms/t@s'],
  child: [
    'rbd import /f vms/t',
    'rbd snap create vms/t@s',
    'rbd snap protect vms/t@s',
    'rbd clone vms/t@s vms/c',
  ],
};

/** By the labels of the recordings. */
const commands: readonly (readonly [string, keyof typeof setups, string])[] = [
  ['import', 'nothing', 'rbd import --no-progress /f vms/t'],
  ['clone', 'template', 'rbd clone vms/t@s vms/c'],
  ['resize', 'image', 'rbd resize --no-progress vms/t --size 16M'],
  ['rename', 'image', 'rbd rename vms/t vms/u'],
  ['snap-create', 'image', 'rbd snap create --no-progress vms/t@s'],
  ['snap-protect', 'snapshot', 'rbd snap protect vms/t@s'],
  ['snap-rm', 'snapshot', 'rbd snap rm --no-progress vms/t@s'],
  ['flatten', 'child', 'rbd flatten --no-progress vms/c'],
  ['rm-child', 'child', 'rbd rm --no-progress vms/c'],
  ['rm', 'image', 'rbd rm --no-progress vms/t'],
];

/** Who holds a lock says only that somebody was at work; the numbers of objects are other questions' answers. */
interface Entry {
  readonly image: string;
  readonly size: number;
  readonly snapshot?: string;
  readonly protected?: string;
  readonly parent?: unknown;
}

function shown(names: readonly string[], headers: number, list: readonly Entry[], child: boolean) {
  const entries = list.map(
    ({ image, size, snapshot = '', protected: isProtected = '', parent }) =>
      `${image}@${snapshot} ${size} ${isProtected} ${parent === undefined ? '' : 'clone'}`,
  );
  return `${names.join(' ')} | ${headers} | ${entries.join(', ')} | ${child ? 'child' : ''}`;
}

function recorded(label: string): ReadonlySet<string> {
  const states = new Set<string>();
  for (const { name, stdout } of recordingsOf('killed-steps')) {
    if (!name.startsWith(`${label}, killed`) || !name.endsWith(': left')) continue;
    const lines = stdout.split('\n');
    const names = lines.filter((line) => line.startsWith('rbd_id.')).map((line) => line.slice(7));
    const headers = lines.filter((line) => line.startsWith('rbd_header.')).length;
    const list = JSON.parse(lines.find((line) => line.startsWith('[')) ?? '[]') as Entry[];
    states.add(
      shown(
        names,
        headers,
        list,
        lines.some((line) => /^vms\/.*\/c$/.test(line)),
      ),
    );
  }
  return states;
}

async function stateOf({ cluster, run }: Lab): Promise<string> {
  const namespace = cluster.namespace('vms');
  if (namespace === undefined) throw new Error('no pool');
  const { stdout } = await run('rbd ls -l vms --format json');
  const children = await run('rbd children vms/t@s --format json');
  const { ids, headers } = namespace;
  const list = JSON.parse(stdout) as Entry[];
  const isChild = children.stdout.includes('"image":"c"');
  return shown([...ids.keys()].sort(), headers.size, list, isChild);
}

async function prepared(setup: readonly string[], faults: readonly Fault[]): Promise<Lab> {
  const place = lab({ faults });
  place.file('/f', 4, 4);
  for (const line of setup) await place.run(line);
  return place;
}

/** Every step that the command takes, as a place for a fault. */
async function stepsOf(setup: readonly string[], command: string): Promise<readonly Fault[]> {
  const counts = new Map<string, number>();
  let isOn = false;
  const faults: Fault[] = [];
  const place = await prepared([], []);
  place.world.observers.push({
    onStep(process, site) {
      if (process.parent === undefined) return;
      const nth = (counts.get(site) ?? 0) + 1;
      counts.set(site, nth);
      if (isOn) faults.push({ host: 0, site, nth, kind: 'tool killed' });
    },
  });
  for (const line of setup) await place.run(line);
  isOn = true;
  await place.run(command);
  return faults;
}

/** Between two messages of which the recordings have only the second one's outcome. */
const between: Readonly<Record<string, RegExp>> = {
  // Listed, and not to be opened by its name yet.
  import: /^ \| 0 \|  \| $|^t \| 0 \|/,
  clone: /^t \| 1 \| t@ .*true {2}\| $/,
  // No name any more, and not all of the rest yet.
  'rm-child': /^t \| [12] \| t@ [^|]*true [^|]*\| (child)?$/,
  rm: /^ \| [01] \| {2}\| $/,
};

for (const [label, setup, command] of commands) {
  test(`killed at any step, ${label} leaves what the real one leaves`, async () => {
    const steps = await stepsOf(setups[setup] ?? [], command);
    const found = new Set<string>();
    for (const fault of steps) {
      const place = await prepared(setups[setup] ?? [], [fault]);
      await place.run(command);
      found.add(await stateOf(place));
    }
    const real = recorded(label);
    expect([...real].filter((state) => !found.has(state))).toEqual([]);
    const more = [...found].filter((state) => !real.has(state));
    expect(more.filter((state) => between[label]?.test(state) !== true)).toEqual([]);
  });
}
