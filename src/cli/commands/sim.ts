/** `platter sim …`: the one place where `src` knows the simulator. */
import { defineSim as define } from '../../../sim/cli/define-sim.ts';
import type { DefineCommands } from '../command.ts';

export const defineSim: DefineCommands = define;
