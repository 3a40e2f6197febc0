/**
 * The simulated commands of LVM 2.03: those that platter uses, at the level of their command line, with the exit
 * statuses, messages and partial effects that were recorded of the real ones (fixtures/lvm-2.03).
 */
import {
  errnoText,
  failure,
  type ToolContext,
  type ToolProgram,
  type ToolResult,
  type ToolStep,
} from '../program.ts';
import { lvchange, vgmknodes } from './change.ts';
import { lvconvert } from './convert.ts';
import { lvcreate } from './create.ts';
import { lvextend } from './extend.ts';
import { LvmFailure } from './failure.ts';
import { parseLvmOptions } from './options.ts';
import { lvremove } from './remove.ts';
import { lvrename } from './rename.ts';
import { lvs, vgs } from './report.ts';
import { LvmSession, type LvmSteps } from './session.ts';

const commands: Readonly<Record<string, (session: LvmSession) => LvmSteps>> = {
  lvchange,
  lvconvert,
  lvcreate,
  lvextend,
  lvremove,
  lvrename,
  lvs,
  vgmknodes,
  vgs,
};

export const lvmPrograms: readonly (readonly [string, ToolProgram])[] = [
  ...Object.keys(commands).map((name): [string, ToolProgram] => [
    name,
    (context, args) => runCommand(context, name, args),
  ]),
  ['lvm', lvm],
];

function* runCommand(
  context: ToolContext,
  name: string,
  args: readonly string[],
): Generator<ToolStep, ToolResult, void> {
  const { group } = context.stores;
  const command = commands[name];
  if (command === undefined) return failure(`  No such command.  Try 'lvm help'.`, 2);
  if (group === undefined) return failure('  Volume group not found', 5);
  const session = new LvmSession(context, name, group);
  try {
    session.options = parseLvmOptions(name, args);
    yield* command(session);
  } catch (error) {
    session.fail(
      error instanceof LvmFailure ? error : new LvmFailure([`${name}: ${errnoText(error)}`]),
    );
  }
  return session.result();
}

/** Longer lines are read in pieces, each of which is taken for a command. */
const readAtOnce = /.{1,255}/g;

/**
 * `lvm FILE`: several commands in one process, each with the lock for itself, up to the first that fails. A file that is
 * not there, or does not begin as it should, is taken for a command (fixtures/lvm-2.03/thin-template.json).
 */
function* lvm(
  context: ToolContext,
  [first = '', ...rest]: readonly string[],
): Generator<ToolStep, ToolResult, void> {
  yield { name: 'read script', subject: first };
  const inode = context.volume.peek(first);
  const text = inode === undefined ? undefined : context.volume.text(inode);
  if (text === undefined || !text.startsWith('#!/sbin/lvm\n')) {
    return yield* runCommand(context, first, rest);
  }
  let stdout = '';
  let stderr = '';
  const lines = text.split('\n').slice(1);
  for (const line of lines.flatMap((whole) => whole.match(readAtOnce) ?? [])) {
    const [name = '', ...args] = line.split(' ');
    if (name === '') continue;
    const held: (() => void)[] = [];
    const giveBack = () => held.splice(0).forEach((release) => release());
    context.held.push(giveBack);
    const result = yield* prefixed(name, runCommand({ ...context, held }, name, args));
    giveBack();
    stdout += result.stdout;
    stderr += result.stderr;
    if (result.exitCode !== 0) return { exitCode: result.exitCode, stdout, stderr };
  }
  return { exitCode: 0, stdout, stderr };
}

/** Steps by the names of their commands. */
function* prefixed(
  command: string,
  steps: Generator<ToolStep, ToolResult, void>,
): Generator<ToolStep, ToolResult, void> {
  let next = steps.next();
  while (next.done !== true) {
    try {
      yield { ...next.value, name: `${command} ${next.value.name}` };
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next();
  }
  return next.value;
}
