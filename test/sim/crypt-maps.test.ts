/** The simulated cryptsetup and dmsetup, killed before each of their effects, against what the real ones left (killed.json). */
import { describe, expect, test } from 'vitest';
import { emptyContent, resize } from '../../sim/volume/content.ts';
import { addNode } from '../../sim/volume/device.ts';
import { Backend } from '../../src/images/backend.ts';
import { emptyGroup, recordedTopic, runSimulated, startSimulated } from './recorded-lvm.ts';
import { templateByte } from '../contract/images.contract.ts';
import { simLvmImages } from './lvm-world.ts';

const topic = recordedTopic('killed', 'cryptsetup-2.6');
const recorded = (name: string) => topic.find((entry) => entry.name === name);

const create = ['cryptsetup', 'create', 'k', '/dev/vg0/vm2_disk', '--cipher=c', '--key-size=512'];
const input = 'key';
const content = resize(emptyContent, 2 ** 25);
const remove = ['dmsetup', 'remove', '--retry', 'k'];

/** With the number of the simulated step that stands for the effect. */
test.each([
  ['create', 'DM_DEV_CREATE', 2],
  ['create', 'DM_TABLE_LOAD', 3],
  ['create', 'DM_DEV_SUSPEND (resume)', 4],
  ['create', 'mknodat of a node', 5],
  ['remove', 'DM_DEV_REMOVE', 1],
  ['remove', 'unlink of a node', 2],
])('%s, killed before %s', (verb, effect, step) => {
  const { world, group } = emptyGroup();
  group.addNodes(group.add({ name: 'vm2_disk', kind: 'linear', sizeBytes: 2 ** 25, content }));
  const run = (argv: readonly string[], killedBefore = Infinity) =>
    runSimulated(world, argv, { killedBefore, input });
  if (verb === 'remove') expect(run(create)?.exitCode).toBe(0);
  expect(run(verb === 'create' ? create : remove, step)).toBeUndefined();
  const name = `${verb}, killed before ${effect}`;
  expect(topic.filter((entry) => entry.name.startsWith(name)).length).toBeGreaterThan(5);
  const hasNode = recorded(`${name}: nodes`)?.stdout.split('\n').includes('k');
  expect(group.hasMapNode('k')).toBe(hasNode);
  for (const [next, argv] of [
    ['what it leans on', ['dmsetup', 'deps', '-o', 'devname', 'k']],
    ['what it is', ['dmsetup', 'info', '-c', '--noheadings', '-o', 'uuid,tables_loaded', 'k']],
    ['created again', create],
    ['cryptsetup remove', ['cryptsetup', 'remove', 'k']],
    ['dmsetup remove', remove],
  ] as const) {
    const { exitCode, stdout, stderr } = recorded(`${name}: ${next}`) ?? {};
    const found = run(argv);
    // A table that is loaded and not in use yet is none in the simulation.
    const known = stdout?.replace('Inactive', 'None');
    expect([next, found?.exitCode, found?.stdout]).toEqual([next, exitCode, known]);
    // It says nothing of a map that is there without a table.
    if (exitCode !== 4) expect(found?.stderr).toBe(stderr);
  }
  expect(group.hasMapNode('k')).toBe(false);
});

test('vgmknodes takes the node of a map away that was made anew meanwhile', () => {
  const { world, group } = emptyGroup();
  for (const name of ['a', 'b']) {
    const volume = group.add({ name, kind: 'linear', sizeBytes: 2 ** 25, content });
    volume.isActive = true;
    group.addNodes(volume);
  }
  const map = ['cryptsetup', 'create', 'k', '/dev/vg0/b'];
  expect(runSimulated(world, map, { input })?.exitCode).toBe(0);
  const { steps, end } = startSimulated(world, ['vgmknodes', 'vg0/a']);
  const goOnTo = (wanted: string) => {
    for (let next = steps.next(); next.done !== true; next = steps.next()) {
      if (next.value.name === wanted) return;
    }
  };
  goOnTo('look at nodes');
  expect(runSimulated(world, remove)?.exitCode).toBe(0);
  goOnTo('make nodes');
  expect(runSimulated(world, map, { input })?.exitCode).toBe(0);
  expect(group.hasMapNode('k')).toBe(true);
  goOnTo('the end');
  end();
  expect([group.hasMapNode('k'), group.maps.has('k')]).toEqual([false, true]);
  expect(runSimulated(world, map, { input })).toMatchObject({ exitCode: 5 });
});

describe('an encrypted disk is opened', () => {
  const mapName = 'vm1_disk-dmcrypt';
  async function madeDisk() {
    const images = await simLvmImages('encrypted thick')();
    const { world, host, config } = images;
    const { group } = world.stores;
    if (group === undefined) throw new Error('there is a group');
    const backend = new Backend({ host, config });
    const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
    await images.makeTemplate('/work/t.raw', 'raw', 8 * 2 ** 20);
    await backend.templates.add('t', '/work/t.raw');
    await image.createImage({ template: 't' });
    return {
      images,
      image,
      group,
      unmap: () => runSimulated(world, ['dmsetup', 'remove', mapName]),
    };
  }

  test.each([
    ['a map without a table', true, false],
    ['a node without a map', false, true],
    ['a map without a node', false, false],
  ])('where a killed cryptsetup has left %s', async (_, isBare, isRemoved) => {
    const { images, image, group, unmap } = await madeDisk();
    const inode = group.maps.get(mapName);
    if (inode === undefined) throw new Error('there is a map');
    if (isBare || isRemoved) unmap();
    if (isBare) group.maps.set(mapName, undefined);
    group.removeMapNode(mapName);
    if (isRemoved) addNode(images.world.volume, `/dev/mapper/${mapName}`, inode);
    await image.cache({ template: 't' });
    expect(await images.read(`/dev/mapper/${mapName}`, 'raw', 0)).toBe(templateByte);
    await image.destroy();
    expect([...group.maps.keys()]).toEqual([]);
    await images.dispose();
  });

  test("never through another's map of that name", async () => {
    const { images, image, group, unmap } = await madeDisk();
    unmap();
    const volume = group.add({ name: 'foreign', kind: 'linear', sizeBytes: 2 ** 25, content });
    group.addNodes(volume);
    const map = ['cryptsetup', 'create', mapName, group.path(volume)];
    expect(runSimulated(images.world, map, { input })?.exitCode).toBe(0);
    await expect(image.cache({ template: 't' })).rejects.toMatchObject({
      code: 'IN_USE',
    });
    await image.destroy();
    expect([...group.maps.keys()]).toEqual([mapName]);
    await images.dispose();
  });
});
