/** `platter version` */
import { version } from '../../version.ts';
import { outputOptions, type GlobalOptions } from '../options.ts';
import { printResult } from '../output.ts';
import type { DefineCommands } from '../command.ts';

export const defineVersion: DefineCommands = (noun) => {
  noun.action(async () => {
    const options = outputOptions(noun.optsWithGlobals<GlobalOptions>());
    const result = { version, node: process.version };
    await printResult(options, result, () => `platter ${version} (node ${process.version})`);
  });
};
