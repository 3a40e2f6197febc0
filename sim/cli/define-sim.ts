/** `platter sim …`: loaded by the command only when it is used. */
import type { DefineCommands } from '../../src/cli/command.ts';
import { defineExplain } from './explain.ts';
import { defineExportTest } from './export-test.ts';
import { defineMutants } from './mutants.ts';
import { defineReplay } from './replay.ts';
import { defineRun } from './run.ts';
import { defineShrink } from './shrink.ts';
import { defineSweep } from './sweep.ts';

export const defineSim: DefineCommands = (noun, context) => {
  for (const define of [
    defineRun,
    defineReplay,
    defineShrink,
    defineExplain,
    defineExportTest,
    defineMutants,
    defineSweep,
  ]) {
    define(noun, context);
  }
};
