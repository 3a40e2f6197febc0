/** Scenarios of encrypted disks, and that their invariants see what they are there for. */
import { expect, test } from 'vitest';
import { profileByName } from '../../sim/faults/profiles.ts';
import { encryptedDisks } from '../../sim/invariants/encrypted-disks.ts';
import { cryptMaps } from '../../sim/invariants/crypt-maps.ts';
import { secrets } from '../../sim/invariants/secrets.ts';
import { generateScenario } from '../../sim/scenarios/generate.ts';
import { runScenario } from '../../sim/scenarios/run.ts';
import type { Scenario } from '../../sim/scenarios/scenario.ts';
import { CryptTable } from '../../sim/tools/cryptsetup/crypt-table.ts';
import { emptyContent, patternContent, resize, write } from '../../sim/volume/content.ts';
import { createDevice } from '../../sim/volume/device.ts';

const calm = profileByName('calm');

function encrypted(): Scenario {
  if (calm === undefined) throw new Error('there is a calm profile');
  for (let seed = 1; ; seed += 1) {
    const scenario = generateScenario(seed, 'lvm', calm);
    if (scenario.encryption !== undefined) return scenario;
  }
}

test('disks are made through maps, with keys from the key manager', async () => {
  const steps = new Set<string>();
  const observer = { onStep: (_: unknown, name: string) => void steps.add(name) };
  const { violations } = await runScenario(encrypted(), { observers: [observer] });
  expect(violations).toEqual([]);
  expect([...steps]).toEqual(
    expect.arrayContaining(['keyManager.getSecret', 'cryptsetup create: create map']),
  );
});

test('a secret is found wherever it is told', async () => {
  const scenario = encrypted();
  const { model, world } = await runScenario(scenario);
  const [process] = model.runs.map((run) => run.process);
  const secret = scenario.encryption?.keys['vm1'] ?? '';
  if (process === undefined || secret === '') throw new Error('something has run');
  const found = 'the secret of vm1 is in';
  expect(secrets.onStep?.(model, process, 'executor.run', `x --key ${secret}`)).toContain(found);
  const event = { type: 'warning', message: `cannot use ${secret}` } as const;
  expect(secrets.onEvent?.(model, event)).toContain(found);
  const inode = world.volume.create('/told', 'file', 0o600, `{"key":"${secret}"}`);
  const change = { kind: 'appear', path: '/told', inode, before: undefined } as const;
  expect(secrets.onAnyChange?.(model, change)).toContain(found);
  expect(secrets.onEvent?.(model, { type: 'warning', message: 'nothing' })).toBeUndefined();
});

test('content in the clear, and a map that is left, are found', async () => {
  const { model, world } = await runScenario(encrypted());
  const { group } = world.stores;
  if (group === undefined) throw new Error('there is a volume group');
  expect(encryptedDisks.onEnd?.(model)).toBeUndefined();
  const data = { length: 512, source: new Uint8Array(512).fill(7) };
  const content = write(resize(emptyContent, 2 ** 22), 0, data);
  const clear = group.add({ name: 'vm9_disk', kind: 'linear', sizeBytes: 2 ** 22, content });
  expect(encryptedDisks.onEnd?.(model)).toContain('vm9_disk holds content in the clear');
  expect(cryptMaps.onRecovered?.(model)).toBeUndefined();
  group.addMap('platter-part-1-dmcrypt', createDevice(world.volume, clear));
  expect(cryptMaps.onRecovered?.(model)).toContain('platter-part-1-dmcrypt');
});

test('what was never written reads as noise, what was written as it was written', () => {
  const table = new CryptTable();
  const plain = patternContent(4096, 5, 512);
  const sealed = table.seal('key', plain);
  expect(table.open('key', sealed).extents).toEqual(plain.extents);
  expect(table.open('other', sealed).extents).not.toEqual(plain.extents);
  expect(table.open('key', resize(emptyContent, 4096)).extents).toHaveLength(1);
});
