/** Exports that were broken off, where what they have left is not to be seen: on another host, or not mounted. */
import { beforeEach, expect, test } from 'vitest';
import { hostOf } from '../../sim/host.ts';
import { simHost, type SimHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import type { PlatterEvent } from '../../src/ports/events.ts';
import type { Filesystem } from '../../src/ports/filesystem.ts';
import type { Host } from '../../src/ports/host.ts';
import { listDirectory } from '../../src/workspace/area.ts';

const config = { instancesPath: '/i' };
let sim: SimHost;
let host: Host;
let warnings: string[];
beforeEach(async () => {
  warnings = [];
  const emit = (event: PlatterEvent) => {
    if (event.type === 'warning') warnings.push(event.message);
  };
  sim = simHost({ events: { emit } });
  ({ host } = sim);
  for (const path of ['/i', '/usb']) await host.filesystem.makeDirectory(path);
  const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'flat');
  await image.createImage({ sizeBytes: 2 ** 20 });
});

const imageOn = (on: Host): Image =>
  new Backend({ host: on, config }).image({ id: 'vm1' }, 'disk', 'flat');

function withFilesystem(real: Host, changed: Partial<Filesystem>): Host {
  const filesystem = new Proxy(real.filesystem, {
    get(target, key) {
      const value: unknown = Reflect.get(changed, key) ?? Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...real, filesystem };
}

/** Kills it with the first such call beside the target, before or after. */
async function dieAt(method: 'sync' | 'unlink', isDone: boolean): Promise<void> {
  const { world } = sim;
  const [machine] = world.machines;
  if (machine === undefined) throw new Error('a world has a machine');
  const process = world.spawn(machine, 'killed');
  const dying = hostOf(world, process);
  const { filesystem } = dying;
  await new Promise<void>((resolve, reject) => {
    const die = async (path: string) => {
      if (!path.startsWith('/usb/')) return filesystem[method](path);
      if (isDone) await filesystem[method](path);
      world.kill(process);
      resolve();
      return new Promise<void>(() => {});
    };
    const exporting = imageOn(withFilesystem(dying, { [method]: die })).snapshotExtract(
      '/usb/vm1.raw',
      'raw',
    );
    exporting.then(() => reject(new Error('it did not die')), reject);
  });
}

/** That shares the instances, and has other files elsewhere. */
function anotherHost(): Host {
  const elsewhere = (path: string) => path.replace(/^\/usb/, '/elsewhere');
  const { filesystem, facts } = withFilesystem(host, {
    stat: (path) => host.filesystem.stat(elsewhere(path)),
    removeTree: (path) => host.filesystem.removeTree(elsewhere(path)),
    syncDirectory: (...paths) => host.filesystem.syncDirectory(...paths.map(elsewhere)),
  });
  const self = { ...facts.self, host: 'other', machine: 'other', boot: 'other' };
  return { ...host, filesystem, facts: { ...facts, self } };
}

async function names(path: string): Promise<readonly string[]> {
  return (await listDirectory(host.filesystem, path)).map(({ name }) => name);
}

const unmount = async () => {
  await host.filesystem.rename('/usb', '/unplugged');
};

async function mount() {
  await host.filesystem.removeTree('/usb');
  await host.filesystem.rename('/unplugged', '/usb');
}

/** Beside what is left, the disk is at everybody's disposal. */
async function requireUsable(on: Host) {
  await imageOn(on).resizeImage(2 ** 21);
  await imageOn(on).createSnap('s');
  await imageOn(on).removeSnap('s');
}

test('the one that finds it on another host leaves it to the host that has it', async () => {
  await dieAt('sync', true);
  expect(await names('/usb')).toEqual([expect.stringMatching(/\.part$/)]);
  const other = anotherHost();
  await new Backend({ host: other, config }).recover({ lockWaitMs: 600_000 });
  expect(warnings).toEqual([expect.stringMatching(/\/usb\/.*\.part may be left on/)]);
  await requireUsable(other);
  expect(await new Backend({ host: other, config }).audit()).toMatchObject([
    {
      kind: 'interrupted-operation',
      subject: 'vm1/disk',
      message: expect.stringContaining('/usb/') as string,
    },
  ]);
  expect(await new Backend({ host: other, config }).recover()).toEqual([]);
  expect(await names('/usb')).toHaveLength(1);

  expect(await new Backend({ host, config }).recover()).toMatchObject([{ target: 'vm1/disk' }]);
  expect(await names('/usb')).toEqual([]);
  expect(await new Backend({ host, config }).audit()).toEqual([]);
});

test.each(['is missing', 'is empty'])(
  'the directory %s where nothing is mounted',
  async (state) => {
    await dieAt('sync', true);
    await unmount();
    if (state === 'is empty') await host.filesystem.makeDirectory('/usb');
    await requireUsable(host);
    expect(warnings).toHaveLength(1);
    expect(await new Backend({ host, config }).recover()).toEqual([]);
    await mount();
    expect(await names('/usb')).toHaveLength(1);
    await new Backend({ host, config }).recover();
    expect(await names('/usb')).toEqual([]);
    expect(await new Backend({ host, config }).audit()).toEqual([]);
  },
);

test.each([false, true])(
  'one that had its name is told to be finished (part removed: %s)',
  async (isDone) => {
    const outcomes: string[] = [];
    const emit = (event: PlatterEvent) => {
      if (event.type === 'recovered') outcomes.push(event.outcome);
    };
    await dieAt('unlink', isDone);
    await requireUsable({ ...host, events: { emit } });
    expect(outcomes).toEqual(['finished']);
    expect(await names('/usb')).toEqual(['vm1.raw']);
  },
);
