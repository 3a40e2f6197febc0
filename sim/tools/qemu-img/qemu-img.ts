/**
 * The simulated qemu-img 7.2: the subcommands and options that platter uses, at the level of its command line, with the
 * steps, messages, exit statuses and leftovers that were recorded of the real one (fixtures/qemu-img-7.2).
 */
import { failure, type ToolProgram } from '../program.ts';
import { convert } from './convert.ts';
import { create } from './create.ts';
import { ToolFailure } from './image.ts';
import { check, info } from './info.ts';
import { parseOptions } from './options.ts';
import { resize } from './resize.ts';
import { snapshot } from './snapshot.ts';

const subcommands = { check, convert, create, info, resize, snapshot };

export const qemuImg: ToolProgram = function* qemuImg(context, [name = '', ...args]) {
  const subcommand = subcommands[name as keyof typeof subcommands];
  if (subcommand === undefined) return failure(`qemu-img: Command not found: ${name}`);
  try {
    return yield* subcommand(context, parseOptions(name, args));
  } catch (error) {
    if (error instanceof ToolFailure) return error.result;
    throw error;
  }
};
