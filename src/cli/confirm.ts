/** Asks before something is destroyed. */
import { PlatterError } from '../errors.ts';
import type { CommandSession } from './session.ts';

/** On a terminal the user is asked; elsewhere only `--yes` will do. */
export async function confirm(session: CommandSession, question: string): Promise<void> {
  if (session.isConfirmed) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new PlatterError('INVALID_ARGUMENT', `${question} needs a yes`, {
      hint: 'add --yes',
    });
  }
  const answer = await ask(`${question}? [y/N] `, session.operation.signal);
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new PlatterError('CANCELED', 'nothing was changed');
}

/** Whatever ends the question without an answer (end of input, an interrupt, `--timeout`) is no yes. */
async function ask(question: string, signal: AbortSignal | undefined): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal gives Ctrl+C as a character while it is asked.
  terminal.once('SIGINT', () => process.emit('SIGINT'));
  try {
    return await new Promise<string>((resolve) => {
      terminal.once('close', () => resolve(''));
      const asked = terminal.question(question, signal === undefined ? {} : { signal });
      asked.then(resolve, () => resolve(''));
    });
  } finally {
    terminal.close();
  }
}
