/** The command `platter`: reads the command line, runs one command, and ends with the exit status of the contract. */
import { Command, CommanderError } from 'commander';
import { PlatterError } from '../errors.ts';
import { version } from '../version.ts';
import { nouns } from './nouns.ts';
import { exitStatus, exitStatusOf } from './exit-status.ts';
import { outputOptions } from './options.ts';
import { printError } from './output.ts';
import { usageError } from './usage-error.ts';
import type { CommandContext } from './command.ts';

const interrupt = new AbortController();
/** 128 and the number of the signal, as a shell tells it. */
const statusOfSignal = {
  SIGHUP: exitStatus.hungUp,
  SIGINT: exitStatus.interrupted,
  SIGTERM: exitStatus.terminated,
};
let interruptedBy: keyof typeof statusOfSignal | undefined;

function createProgram(context: CommandContext): Command {
  const program = new Command('platter')
    .description('Makes, grows, snapshots, clones and retires the disks of virtual machines.')
    .option('--config <file>', 'configuration file (TOML)')
    .option('--instances-path <dir>', 'where instances, templates and locks are')
    .option('--json', 'print the result as JSON')
    .option('-q, --quiet', 'print nothing but the result')
    .option('-v, --verbose', 'print every step and every tool that runs')
    .option('--no-progress', 'show no progress bar')
    .option('-y, --yes', 'do not ask before something is destroyed')
    .option('-n, --dry-run', 'print what would be done, and change nothing')
    .option('--lock-wait <duration>', 'how long to wait for somebody else (default 30s)')
    .option('--timeout <duration>', 'give up after this time')
    .version(version, '-V, --version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .addHelpText('after', exitStatusHelp);
  for (const { name, description, load } of nouns) {
    program.command(name).description(description).helpCommand(false);
    program.hook('preSubcommand', async (_, noun) => {
      if (noun.name() === name) (await load())(noun, context);
    });
  }
  return program;
}

const exitStatusHelp = `
Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict, 5 not supported,
6 refused as unsafe, 70 a bug, 75 try again later, 129, 130 and 143 interrupted.`;

async function main(): Promise<number> {
  let status: number = exitStatus.done;
  const exitWith = (answer: number) => {
    status = answer;
  };
  const program = createProgram({ interrupt: interrupt.signal, exitWith });
  if (process.argv.length === 2) {
    program.outputHelp();
    return exitStatus.done;
  }
  try {
    await program.parseAsync();
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return usageStatus(error, program);
    printError(error, errorOptions(program));
    // What a command that only reads was waiting for would hold the process up.
    if (isEnded(error)) process.exit(statusOf(error));
    return statusOf(error);
  }
}

function statusOf(error: unknown): number {
  if (interruptedBy !== undefined) return statusOfSignal[interruptedBy];
  return PlatterError.is(error) ? exitStatusOf(error.code) : exitStatus.bug;
}

function isEnded(error: unknown): boolean {
  return PlatterError.is(error) && (error.code === 'CANCELED' || error.code === 'TIMED_OUT');
}

/** Commander ends with an error for help and version too. */
function usageStatus(error: CommanderError, program: Command): number {
  if (error.exitCode === 0) return exitStatus.done;
  const usage = usageError(error, program, process.argv.slice(2));
  printError(usage, errorOptions(program));
  return exitStatus.usage;
}

/** A command line that cannot be parsed may still say how its error is wanted. */
function errorOptions(program: Command) {
  const options = outputOptions(program.opts());
  return process.argv.includes('--json') ? { ...options, json: true } : options;
}

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time somebody really wants it to end.
    if (interruptedBy !== undefined) process.exit(statusOfSignal[signal]);
    interruptedBy = signal;
    interrupt.abort(new PlatterError('CANCELED', `interrupted by ${signal}`));
  });
}
// Whoever reads the output may stop reading.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitStatus.done);
  const code = error.code === 'ENOSPC' ? 'NO_SPACE' : 'TOOL_FAILED';
  const failure = new PlatterError(code, `cannot write the result: ${error.message}`, {
    hint: 'what the command was to do is done',
  });
  printError(failure, { json: process.argv.includes('--json'), quiet: false, verbose: false });
  process.exit(statusOf(failure));
});
// What is at work goes on to its end also when nobody can be told of it any more, as when a terminal is closed.
process.stderr.on('error', () => {});
// Nothing is awaited at the top: the command is bundled as one script.
void main().then((status) => {
  process.exitCode = status;
});
