/** `platter sim …`: the one place where `src` knows the simulator. */
import type { DefineCommands } from '../command.ts';

export async function loadSim(): Promise<DefineCommands> {
  return (await import('../../../sim/cli/define-sim.ts')).defineSim;
}
