/** What the command prints: results on standard output, everything else on standard error. */
import { PlatterError } from '../errors.ts';
import type { Plan } from '../operations/step.ts';
import { formatSize } from '../sizes.ts';
import { printableLines } from './printable.ts';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** One result: as JSON as it is, for people as `toText` puts it. */
export async function printResult<Value>(
  { json }: OutputOptions,
  value: Value,
  toText: (value: Value) => string | Promise<string>,
): Promise<void> {
  const text = json ? JSON.stringify(value, null, 2) : printableLines(await toText(value));
  if (text !== '') process.stdout.write(`${text}\n`);
}

export function printPlan(options: OutputOptions, plan: Plan): Promise<void> {
  return printResult(options, plan, ({ operation, target, steps, bytes }) =>
    [
      `${operation} ${target} would:`,
      ...steps.flatMap((step, index) => [
        `  ${index + 1}. ${step.description}${amount(step.bytes)}`,
        ...(step.command === undefined ? [] : [`     $ ${step.command.map(quoteWord).join(' ')}`]),
      ]),
      steps.length === 0 ? '  do nothing' : sumOf(steps, bytes),
    ].join('\n'),
  );
}

function amount(bytes: number | null | undefined): string {
  return typeof bytes === 'number' ? ` (${formatSize(bytes)})` : '';
}

function sumOf(steps: Plan['steps'], bytes: number): string {
  const isOpen = steps.some((step) => step.bytes === null);
  if (bytes === 0) {
    return isOpen ? 'how much is copied is not known before' : 'nothing is copied or reserved';
  }
  const more = isOpen ? ', and more that is not known before' : '';
  return `at most ${formatSize(bytes)} is copied or reserved${more}`;
}

/** As a shell would need it. */
function quoteWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function printError(error: unknown, { json, verbose }: OutputOptions): void {
  if (json) {
    process.stderr.write(`${JSON.stringify({ error: errorObject(error) })}\n`);
    return;
  }
  if (!PlatterError.is(error)) {
    process.stderr.write(`error: a bug in platter: ${stackOf(error)}\n`);
    return;
  }
  const lines = [`error: ${error.message}`];
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  if (verbose)
    lines.push(`code: ${error.code}`, `details: ${JSON.stringify(error.details, null, 2)}`);
  process.stderr.write(`${printableLines(lines.join('\n'))}\n`);
}

function errorObject(error: unknown): object {
  if (!PlatterError.is(error)) return { code: 'BUG', message: stackOf(error) };
  const { code, message, hint, details } = error;
  return { code, message, ...(hint === undefined ? {} : { hint }), details };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
