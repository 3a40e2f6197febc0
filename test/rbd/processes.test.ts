/** How many tool processes making a disk takes (CONTRACT.md section 9): counted, not estimated. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { templateByte } from '../contract/images.contract.ts';
import { byteAt, draftsIn, MiB, namesIn, rbdConfig, rbdWorld, type RbdWorld } from './rbd-world.ts';

let world: RbdWorld;
const commands: string[] = [];
beforeAll(async () => {
  world = await rbdWorld();
  await world.makeTemplate(`${world.directory}/t.qcow2`, 'qcow2', 8 * MiB);
});
afterAll(() => world.dispose());

function counted(rbd = world.config.rbd) {
  const host = nodeHost({
    onEvent(event) {
      if (event.type === 'command') commands.push(event.argv.join(' '));
    },
  });
  commands.length = 0;
  return new Backend({ host, config: { ...world.config, ...(rbd === undefined ? {} : { rbd }) } });
}

/** Of the tools that platter started since it was last asked, in order. */
function verbs(): readonly string[] {
  const known =
    /\b(ceph|rbd|qemu-img)\b.* (clone|rename|resize|info|du|import|create|protect|df|set|convert|snap ls|info) /;
  return commands.splice(0).map((line) => known.exec(`${line} `)?.[2] ?? line);
}

test('cold: the template is imported; warm: 2 processes, or 3 when the disk is larger', async () => {
  const backend = counted();
  await backend.templates.add('t', `${world.directory}/t.qcow2`);
  commands.length = 0;

  const cold = await backend.image({ id: 'cold' }, 'disk', 'rbd').createImage({ template: 't' });
  expect(cold.method).toBe('clone');
  expect(verbs().filter((verb) => verb === 'import')).toHaveLength(1);

  const same = backend.image({ id: 'same' }, 'disk', 'rbd');
  const made = await same.createImage({ template: 't' });
  expect(verbs()).toEqual(['clone', 'rename']);

  const larger = backend.image({ id: 'larger' }, 'disk', 'rbd');
  const grown = await larger.createImage({ template: 't', sizeBytes: 20 * MiB });
  expect(verbs()).toEqual(['clone', 'resize', 'rename']);

  const cached = await backend.image({ id: 'cached' }, 'disk', 'rbd').cache({ template: 't' });
  expect(verbs()).toEqual(['clone', 'rename']);

  // What was told without a look is what a look finds.
  expect(made).toEqual(await same.info());
  expect(grown).toEqual(await larger.info());
  expect(cached).toEqual(await backend.image({ id: 'cached' }, 'disk', 'rbd').info());
  expect(await byteAt(`${world.pool}/larger_disk`, 0)).toBe(templateByte);
});

test('a template of another pool is cloned across, by whoever has it by another name too', async () => {
  const backend = counted({ ...rbdConfig(world.pool, 'images') });
  const image = backend.image({ id: 'across' }, 'disk', 'rbd');
  await image.createImage({ template: 't', sizeBytes: 9 * MiB });
  expect((await image.info()).backing).toMatch(/^images\/_base\.t\.[0-9a-f]{16}@sha256\./);
  expect(await byteAt(`${world.pool}/across_disk`, 0)).toBe(templateByte);

  // The same content under another name and on another host is another template.
  await backend.templates.add('u', `${world.directory}/t.qcow2`);
  await backend.image({ id: 'other' }, 'disk', 'rbd').createImage({ template: 'u' });
  const bases = (await namesIn('images')).filter((name) => name.startsWith('_base.'));
  expect(bases.filter((name) => /^_base\.[tu]\./.test(name))).toHaveLength(2);
  expect(await draftsIn('images')).toEqual([]);
  expect(await world.leftovers()).toEqual([]);
});

test('show: what it is, what it takes, and its snapshots only where there are some', async () => {
  const backend = counted();
  const image = backend.image({ id: 'same' }, 'disk', 'rbd');
  commands.length = 0;
  await image.info();
  expect([...verbs()].sort()).toEqual(['du', 'info']);
  await image.createSnap('s');
  commands.length = 0;
  expect((await image.info()).snapshots).toEqual(['s']);
  expect([...verbs()].sort()).toEqual(['du', 'info', 'snap ls']);
});
