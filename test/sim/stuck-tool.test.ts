/** The simulated tool that nothing interrupts does as the real one does (test/real/stuck-tool.test.ts). */
import { expect, test } from 'vitest';
import type { Fault } from '../../sim/faults/fault.ts';
import { simHost } from '../../sim/sim-host.ts';
import { stuckToolContract } from '../contract/stuck-tool.contract.ts';

const stuckMs = 20_000;
const fault: Fault = {
  ...{ host: 0, site: 'cp: create target', nth: 1, kind: 'tool stuck' },
  amount: stuckMs,
};
const target = '/target';
const command = { file: 'cp', args: ['/source', target] };

async function stuckHost() {
  const sim = simHost({ faults: [fault] });
  await sim.filesystem.createText('/source', 'text');
  return sim;
}

stuckToolContract('simulated', async () => {
  const { host } = await stuckHost();
  return { host, command, stuckMs, target, dispose: () => Promise.resolve() };
});

test('one that nobody kills goes on', async () => {
  const { executor, filesystem } = await stuckHost();
  expect(await executor.run(command)).toMatchObject({ exitCode: 0, killed: null });
  expect(await filesystem.readText(target)).toBe('text');
});

test('it outlives who started it, but not the power of its host', () => {
  const { world, process } = simHost();
  const { machine } = process;
  const tool = world.spawn(machine, 'cp', { parent: process, endsWithCaller: true });
  tool.stuck = 'uninterruptible';
  world.kill(process);
  expect(tool).toMatchObject({ isAlive: true, stuck: 'killed' });
  world.cutPower(machine);
  expect(tool.isAlive).toBe(false);
});
