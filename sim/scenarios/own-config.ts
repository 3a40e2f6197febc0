/** Draws who has another configuration than the others: somebody has changed it, and not everybody has read it yet. */
import type { Prng } from '../schedule/prng.ts';
import {
  isRemovedByHand,
  type ClientSpec,
  type OwnConfigSpec,
  type Scenario,
  type SimBackend,
} from './scenario.ts';

/** One run in six. Whoever ends everything has that of the scenario. */
export function withOwnConfig(
  prng: Prng,
  clients: readonly ClientSpec[],
  backend: SimBackend,
): readonly ClientSpec[] {
  if (!prng.oneIn(6)) return clients;
  const chosen = prng.below(clients.length);
  const config = drawOwnConfig(prng, backend);
  return clients.map((client, index) => (index === chosen ? { ...client, config } : client));
}

function drawOwnConfig(prng: Prng, backend: SimBackend): OwnConfigSpec {
  return {
    // On RBD all templates are raw.
    forceRawImages: backend === 'rbd' || prng.oneIn(2),
    preallocateImages: prng.pick(['none', 'space'] as const),
    // What a host has brought to another pool of a cluster is not looked for.
    ...(backend === 'lvm' && prng.oneIn(2) ? { hasPool: false as const } : {}),
    ...(backend === 'lvm'
      ? {
          lvm: {
            sparse: prng.oneIn(2),
            volumeClear: prng.pick(['zero', 'shred', 'none'] as const),
          },
        }
      : {}),
  };
}

/** What the configurations of a scenario say of templates. */
export function forcingsOf({ config, clients }: Scenario): readonly (boolean | undefined)[] {
  return [config, ...clients.map((client) => ({ ...config, ...client.config }))].map(
    ({ forceRawImages }) => forceRawImages,
  );
}

/** Whether somebody gives space back as it is. */
export function leavesContent(scenario: Scenario): boolean {
  const { group, clients } = scenario;
  if (isRemovedByHand(scenario)) return true;
  return [group, ...clients.map(({ config }) => ({ ...group, ...config?.lvm }))].some(
    (spec) => spec?.volumeClear === 'none',
  );
}
