/** A simulated host with a simulated volume group, for the contract suites. */
import { expect } from 'vitest';
import type { ConfigInput } from '../../src/config/config.ts';
import type { Command, RunResult } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';
import { hostOf } from '../../sim/host.ts';
import { lvmConfigOf, volumeGroupStores } from '../../sim/scenarios/volume-group.ts';
import type { VolumeGroupSpec } from '../../sim/scenarios/scenario.ts';
import type { World } from '../../sim/world.ts';
import type { ImageWorld } from '../contract/images.contract.ts';
import { simImages } from './sim-world.ts';

const thick: VolumeGroupSpec = {
  extents: 1023,
  thinPoolExtents: undefined,
  foreignBlocks: 0,
  sparse: false,
  volumeClear: 'zero',
};

const keys = '/work/keys';
const encryption: ConfigInput = { encryption: { enabled: true, keyDirectory: keys } };

/** A key for each instance. Whatever command line has one of the secrets in it is added to the result. */
function provideKeys(world: World): readonly string[] {
  const seen: string[] = [];
  world.volume.create(keys, 'directory', 0o700);
  const secrets = ['vm1', 'vm2', 'vm3'].map((instance, index) => {
    const secret = `5ec2e7${index}${index}`.repeat(16);
    world.volume.create(`${keys}/${instance}`, 'file', 0o600, secret);
    return secret;
  });
  world.observers.push({
    onStep(_process, name, subject) {
      if (secrets.some((secret) => subject.includes(secret))) seen.push(`secret in ${name}`);
    },
  });
  return seen;
}

/** By hand: a command line of LVM. */
export async function lvm(host: Host, line: string): Promise<RunResult> {
  const [file = '', ...args] = line.split(' ');
  const result = await host.executor.run({ file, args });
  expect(result).toMatchObject({ exitCode: 0 });
  return result;
}

/** An operation of a process that is killed before it runs a command, after `last`. Resolves then. */
export function killedAt(
  world: World,
  isWhen: (command: Command) => boolean,
  operate: (host: Host) => Promise<unknown>,
  last: (command: Command) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const [machine] = world.machines;
  if (machine === undefined) throw new Error('a world has a machine');
  const process = world.spawn(machine, 'killed');
  const host = hostOf(world, process);
  return new Promise((resolve, reject) => {
    const executor: Host['executor'] = {
      async run(command, options) {
        if (!isWhen(command)) return host.executor.run(command, options);
        await last(command);
        world.kill(process);
        resolve();
        return new Promise(() => {});
      },
    };
    operate({ ...host, executor }).then(
      () => reject(new Error('it was not killed')),
      (error: unknown) => reject(error as Error),
    );
  });
}

export function simLvmImages(
  kind: 'thick' | 'thin' | 'sparse' | 'encrypted thick' | 'encrypted thin',
  config: ConfigInput = {},
): () => Promise<ImageWorld & { readonly world: World }> {
  const isEncrypted = kind.startsWith('encrypted');
  const spec: VolumeGroupSpec = {
    ...thick,
    thinPoolExtents: kind.endsWith('thin') ? 256 : undefined,
    sparse: kind === 'sparse',
  };
  const makeWorld = simImages(
    { makeStores: (volume, tell) => volumeGroupStores(volume, spec, tell) },
    { ...config, lvm: lvmConfigOf(spec), ...(isEncrypted ? encryption : {}) },
  );
  return async () => {
    const base = await makeWorld();
    const { group } = base.world.stores;
    if (group === undefined) throw new Error('no volume group');
    const seen = isEncrypted ? provideKeys(base.world) : [];
    return {
      ...base,
      growsWithSnapshots: !kind.endsWith('thick'),
      check: () => Promise.resolve(),
      async leftovers() {
        const names = [...group.volumes.keys()].filter((name) =>
          /^platter-(part|removed)-/.test(name),
        );
        return [...(await base.leftovers()), ...names, ...group.maps.keys(), ...seen].filter(
          (name) => !/^vm\d_disk-dmcrypt$/.test(name),
        );
      },
    };
  };
}
