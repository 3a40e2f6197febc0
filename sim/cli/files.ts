/** Failure files on the real filesystem. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PlatterError, toPlatterError } from '../../src/errors.ts';
import { fileNameOf, parseFailure, type FailureFile } from '../failures/failure-file.ts';

/** NOT_FOUND when there is no such file, INVALID_ARGUMENT when it is no failure file. */
export function readFailure(path: string): FailureFile {
  return parseFailure(readText(path), path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw toPlatterError(error, `read ${path}`);
  }
}

/** Makes the directories that are missing above it. */
export function writeFile(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw toPlatterError(error, `write ${path}`);
  }
}

export function formatFailure(failure: FailureFile): string {
  return `${JSON.stringify(failure, null, 1)}\n`;
}

/** A whole number from the command line. */
export function parseCount(name: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new PlatterError('INVALID_ARGUMENT', `${name} is not a whole number: ${text}`, {
    hint: `write a number from ${least} on`,
  });
}

export interface ReportedViolation {
  readonly id: string;
  readonly message: string;
  readonly file: string | null;
}

/** Writes a file for each. */
export function writeFailures(
  directory: string,
  failures: readonly FailureFile[],
): readonly ReportedViolation[] {
  return failures.map((failure) => {
    const file = join(directory, fileNameOf(failure));
    writeFile(file, formatFailure(failure));
    return { id: failure.violation.id, message: failure.violation.message, file };
  });
}
