/** What a command runs with: the global options, the engine, and the end of both. */
import { resolve } from 'node:path';
import { nodeHost } from '../adapters/node-host.ts';
import { Backend } from '../images/backend.ts';
import { PlatterError } from '../errors.ts';
import type { OperationOptions } from '../operations/perform.ts';
import type { PlatterEvent } from '../ports/events.ts';
import type { Host } from '../ports/host.ts';
import { loadConfig } from './config-file.ts';
import { parseDuration } from './duration.ts';
import { outputOptions, type GlobalOptions } from './options.ts';
import type { OutputOptions } from './output.ts';
import { printableLines } from './printable.ts';
import { progressBar, type ProgressBar } from './progress-bar.ts';

export interface CommandSession extends OutputOptions {
  readonly host: Host;
  readonly backend: Backend;
  readonly isConfirmed: boolean;
  readonly dryRun: boolean;
  /** For every operation that the command starts. */
  readonly operation: OperationOptions & { readonly signal: AbortSignal };
}

/** Runs a command; `interrupt` is aborted by signals. */
export async function withSession(
  options: GlobalOptions,
  interrupt: AbortSignal,
  run: (session: CommandSession) => Promise<void>,
): Promise<void> {
  const output = outputOptions(options);
  const host = nodeHost({ onEvent: (event) => reportEvent(event, output) });
  const config = await loadConfig(host.filesystem, {
    file: options.config,
    // An empty one comes of a variable that is not set, and does not mean the directory one is in.
    instancesPath: options.instancesPath && resolve(options.instancesPath),
    environment: process.env,
  });
  const lockWaitMs = options.lockWait === undefined ? undefined : parseDuration(options.lockWait);
  const limit = timeLimit(host, options.timeout, interrupt);
  const bar = startBar(options, output);
  try {
    await run({
      ...output,
      host,
      backend: new Backend({ host, config }),
      isConfirmed: options.yes === true,
      dryRun: options.dryRun === true,
      operation: {
        signal: limit.signal,
        ...(lockWaitMs === undefined ? {} : { lockWaitMs }),
        ...(bar === undefined ? {} : { onProgress: bar.update }),
      },
    });
  } finally {
    bar?.stop();
    limit.end();
  }
}

function startBar(options: GlobalOptions, output: OutputOptions): ProgressBar | undefined {
  const isWanted = options.progress !== false && !output.json && !output.quiet;
  return isWanted && process.stderr.isTTY ? progressBar(process.stderr) : undefined;
}

/** `--timeout`: everything that the command does ends by then. */
function timeLimit(host: Host, timeout: string | undefined, interrupt: AbortSignal) {
  const controller = new AbortController();
  const over = new AbortController();
  const stop = () => controller.abort(interrupt.reason);
  // A signal may have come while the command started.
  if (interrupt.aborted) stop();
  else interrupt.addEventListener('abort', stop, { once: true });
  if (timeout !== undefined) {
    host.clock.sleep(parseDuration(timeout), over.signal).then(
      () => controller.abort(new PlatterError('TIMED_OUT', `not done within ${timeout}`)),
      () => {
        // The command was done before.
      },
    );
  }
  return { signal: controller.signal, end: () => over.abort() };
}

/** For people a line; for programs an object on a line, as errors are. */
function reportEvent(event: PlatterEvent, { json, quiet, verbose }: OutputOptions): void {
  const line = verbose ? verboseLine(event) : quiet ? undefined : shortLine(event);
  if (line === undefined) return;
  process.stderr.write(`${json ? JSON.stringify({ event }) : printableLines(line)}\n`);
}

function shortLine(event: PlatterEvent): string | undefined {
  switch (event.type) {
    case 'waiting': {
      const holder = event.holder as
        { pid?: number; host?: string; operation?: string } | undefined;
      if (holder === undefined) return `waiting for the lock ${event.lock}`;
      return `waiting for process ${holder.pid} on ${holder.host}: ${holder.operation}`;
    }
    case 'warning':
      return `warning: ${event.message}`;
    case 'recovered':
      return `an interrupted operation on ${event.target} was ${event.outcome}`;
    default:
      return undefined;
  }
}

function verboseLine(event: PlatterEvent): string | undefined {
  switch (event.type) {
    case 'command':
      return `$ ${event.argv.join(' ')} (exit ${event.exitCode}, ${Math.round(event.elapsedMs)} ms)`;
    case 'step':
      return `${event.operation}: ${event.description}`;
    default:
      return shortLine(event);
  }
}
