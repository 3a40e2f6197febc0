/**
 * The executor port of a simulated process. Tools are generators: between two of their steps anything can happen to
 * them, to who started them, and to the host. A tool whose caller died goes on as an orphan, unless it was started so as to
 * end with it.
 */
import { isHostError, PlatterError } from '../src/errors.ts';
import type { Command, Executor, RunOptions, RunResult } from '../src/ports/executor.ts';
import { endings, isHostFault } from './faults/fault.ts';
import { fatalSteps } from './faults/lvm-steps.ts';
import type { SimProcess } from './process.ts';
import type { Settle } from './schedule/held.ts';
import {
  errnoText,
  failure,
  type ToolContext,
  type ToolProgram,
  type ToolResult,
  type ToolStep,
} from './tools/program.ts';
import { programs } from './tools/programs.ts';
import { warningOf } from './tools/warnings.ts';
import { errno } from './volume/errno.ts';
import { ToolOutput } from './tool-output.ts';
import type { World } from './world.ts';

export function simExecutor(world: World, process: SimProcess): Executor {
  return {
    run(command, options = {}) {
      if (options.signal?.aborted === true) return Promise.resolve(killedResult('canceled'));
      const subject = `${command.file} ${command.args.join(' ')}`;
      return world.callLater<RunResult>(process, 'executor.run', subject, (settle, fault) => {
        const { file, args, endsWithCaller } = unwrapped(command);
        const program = programs.get(file);
        const ending = endings.find((kind) => kind === fault?.kind);
        if (program === undefined || fault?.kind === 'tool missing') {
          settle.reject(missing(command, file));
        } else if (fault !== undefined && ending === undefined && !isHostFault(fault.kind)) {
          settle.reject(new PlatterError('TOOL_FAILED', `cannot start ${file}: ${fault.kind}`));
        } else {
          new ToolRun(world, process, {
            command: { file, args },
            endsWithCaller,
            ending,
            program,
            options,
            settle,
          }).start();
        }
      });
    },
  };
}

interface Unwrapped extends Command {
  readonly endsWithCaller: boolean;
}

/** prlimit and setpriv become what they run. */
function unwrapped({ file, args }: Command): Unwrapped {
  if (file === 'setpriv' && args[0] === '--pdeathsig') {
    const [, , tool = '', ...rest] = args;
    return { ...unwrapped({ file: tool, args: rest }), endsWithCaller: true };
  }
  if (file !== 'prlimit') return { file, args, endsWithCaller: false };
  const first = args.findIndex((arg) => !arg.startsWith('--'));
  return unwrapped({ file: args[first] ?? '', args: args.slice(first + 1) });
}

function missing(command: Command, file: string): PlatterError {
  return new PlatterError('TOOL_MISSING', `${file} is not installed`, {
    details: { argv: [command.file, ...command.args] },
  });
}

function killedResult(killed: RunResult['killed']): RunResult {
  return { exitCode: null, signal: 'SIGKILL', stdout: '', stderr: '', killed };
}

interface Run {
  readonly command: Command;
  readonly endsWithCaller: boolean;
  /** What befalls it when all its work is done. */
  readonly ending: (typeof endings)[number] | undefined;
  readonly program: ToolProgram;
  readonly options: RunOptions;
  readonly settle: Settle<RunResult>;
}

/** Longer than platter gives a tool that it limits (`limits.tool_timeout_seconds`). */
const stuckMs = 200_000;

const hasSubcommands: ReadonlySet<string> = new Set(['cryptsetup', 'ploop', 'qemu-img']);

class ToolRun {
  readonly #world: World;
  readonly #run: Run;
  readonly #process: SimProcess;
  readonly #label: string;
  readonly #steps: Generator<ToolStep, ToolResult, void>;
  readonly #context: ToolContext;
  readonly #caller: SimProcess;
  readonly #output: ToolOutput;

  constructor(world: World, caller: SimProcess, run: Run) {
    this.#world = world;
    this.#run = run;
    this.#caller = caller;
    const { file, args } = run.command;
    this.#label = hasSubcommands.has(file) ? `${file} ${args[0] ?? ''}` : file;
    const { endsWithCaller } = run;
    this.#process = world.spawn(caller.machine, this.#label, { parent: caller, endsWithCaller });
    this.#context = {
      volume: world.volume,
      stores: world.stores,
      process: this.#process,
      input: run.options.input ?? '',
      nowMs: world.wallMs(caller.machine),
      held: [],
    };
    this.#steps = run.program(this.#context, run.command.args);
    const { onLine } = run.options;
    const tell = (line: string) => caller.isAlive && onLine?.(line);
    this.#output = new ToolOutput({ ...run.options, onLine: tell });
  }

  start(): void {
    const { timeoutMs, graceMs, signal } = this.#run.options;
    this.#process.onKill = () => this.#end({ ...killedResult(null) });
    if (timeoutMs !== undefined) {
      this.#after(timeoutMs, () =>
        graceMs === undefined ? this.#killBy('timeout') : this.#ask(graceMs),
      );
    }
    const cancel = () => this.#killBy('canceled');
    signal?.addEventListener('abort', cancel);
    this.#stopListening = () => signal?.removeEventListener('abort', cancel);
    this.#advance(() => this.#steps.next());
  }

  /** The step at which others hold it up. */
  #waitsFor: ToolStep | undefined;
  #isAsked = false;
  #cancelTimer: () => void = () => {};
  #stopListening: () => void = () => {};

  #after(ms: number, act: () => void): void {
    const { gate } = this.#world;
    const timer = gate.at(gate.nowUs + ms * 1000, act, this.#caller);
    this.#cancelTimer = () => timer.cancel();
  }

  /** By SIGTERM: one that waits gives up, and what is at work goes on to its end, as LVM does (fixtures/lvm-2.03, terminated). */
  #ask(graceMs: number): void {
    this.#isAsked = true;
    this.#after(graceMs, () => this.#killBy('timeout'));
    if (this.#waitsFor?.isInterruptible !== true) return;
    this.#waitsFor = undefined;
    this.#advance(() => this.#steps.throw(errno('EINTR')));
  }

  /** By the executor itself: the caller is told which way. */
  #killBy(reason: 'timeout' | 'canceled' | 'output'): void {
    if (!this.#process.isAlive) return;
    this.#process.onKill = () => this.#end(killedResult(reason));
    this.#world.kill(this.#process);
  }

  /** A system call that fails where a tool has no more to say of it ends the tool. */
  #nextOf(next: () => IteratorResult<ToolStep, ToolResult>): IteratorResult<ToolStep, ToolResult> {
    try {
      return next();
    } catch (error) {
      if (!isHostError(error)) throw error;
      return { done: true, value: failure(`${this.#label}: ${errnoText(error)}`) };
    }
  }

  /** Goes to the next step, which is then held until the scheduler lets it happen. */
  #advance(next: () => IteratorResult<ToolStep, ToolResult>): void {
    const result = this.#nextOf(next);
    if (result.done === true) {
      const { ending, options } = this.#run;
      if (ending === 'killed when done') return this.#world.kill(this.#process);
      if (ending === 'prints too much') return this.#killBy('output');
      // Until its time is over.
      if (ending === 'hangs when done' && options.timeoutMs !== undefined) {
        this.#world.hanging.add(this.#process);
        return;
      }
      const { exitCode, stdout } = result.value;
      const { file } = this.#run.command;
      const { machine, id } = this.#process;
      const stderr = `${machine.toolsWarn ? warningOf(file, id) : ''}${result.value.stderr}`;
      this.#world.end(this.#process);
      const isWhole = this.#output.print('stdout', stdout) && this.#output.print('stderr', stderr);
      const killed = isWhole ? null : 'output';
      this.#end({ exitCode, signal: null, stdout: '', stderr: '', killed });
      return;
    }
    this.#hold(result.value);
  }

  #hold(step: ToolStep): void {
    if (step.prints !== undefined && !this.#output.print('stdout', step.prints)) {
      return this.#killBy('output');
    }
    const hold = () => {
      this.#world.gate.hold({
        owner: this.#process,
        name: `${this.#label}: ${step.name}`,
        subject: step.subject ?? '',
        proceed: () => this.#proceed(step),
      });
    };
    if (step.until !== undefined) {
      this.#waitsFor = step;
      step.until(() => {
        if (!this.#process.isAlive || this.#waitsFor !== step) return;
        this.#waitsFor = undefined;
        hold();
      });
    } else if (step.takesMs === undefined) hold();
    else this.#world.gate.at(this.#world.gate.nowUs + step.takesMs * 1000, hold, this.#process);
  }

  #proceed(step: ToolStep): void {
    const fault = this.#world.takeFault();
    switch (fault?.kind) {
      case undefined:
        return this.#advance(() => this.#steps.next());
      case 'tool killed':
        return this.#world.kill(this.#process);
      case 'tool hangs':
        this.#world.hanging.add(this.#process);
        return undefined;
      case 'tool stuck':
        return this.#stick(step, fault.amount ?? stuckMs);
      default:
        return this.#advance(() => this.#steps.throw(errno(fault?.kind ?? 'EIO')));
    }
  }

  /**
   * What cannot be interrupted takes effect all the same, and then the tool dies if it was killed meanwhile: not where nobody
   * promises to survive that.
   */
  #stick(step: ToolStep, ms: number): void {
    this.#process.stuck = 'uninterruptible';
    const proceed = () => {
      const { stuck } = this.#process;
      this.#process.stuck = undefined;
      if (stuck !== 'killed') return this.#advance(() => this.#steps.next());
      let next = this.#nextOf(() => this.#steps.next());
      while (next.done !== true && fatalSteps.has(`${this.#label}: ${next.value.name}`)) {
        next = this.#nextOf(() => this.#steps.next());
      }
      this.#world.kill(this.#process);
    };
    const { gate } = this.#world;
    const { name, subject = '' } = step;
    const late = { owner: this.#process, name: `${this.#label}: ${name}, late`, subject, proceed };
    gate.at(gate.nowUs + ms * 1000, () => gate.hold(late), this.#process);
  }

  /** What a tool had locked is free when it ends, however it ends. */
  #end(result: RunResult): void {
    this.#cancelTimer();
    this.#stopListening();
    for (const giveBack of this.#context.held) giveBack();
    const { stdout: printed, stderr } = this.#output;
    const stdout =
      this.#run.ending === 'garbled output' ? printed.slice(0, printed.length / 2) : printed;
    const isEnded = this.#isAsked && result.exitCode !== 0;
    const killed = result.killed ?? (isEnded ? 'timeout' : null);
    this.#run.settle.resolve({ ...result, killed, stdout, stderr });
  }
}
