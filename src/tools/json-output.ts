/** What tools print as JSON, checked before anybody trusts it: TOOL_FAILED where it is something else. Pure. */
import { PlatterError } from '../errors.ts';

type Fields = Readonly<Record<string, unknown>>;

const keptChars = 2000;

export function unreadable(tool: string, stdout: string): PlatterError {
  return new PlatterError('TOOL_FAILED', `the output of ${tool} cannot be read`, {
    details: { stdout: stdout.slice(0, keptChars) },
    hint: 'another version of the tool than those that platter knows',
  });
}

export function parseObject(tool: string, stdout: string): Fields {
  const value = parse(tool, stdout);
  if (isObject(value)) return value;
  throw unreadable(tool, stdout);
}

export function parseArray(tool: string, stdout: string): readonly Fields[] {
  const value = parse(tool, stdout);
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw unreadable(tool, stdout);
}

function parse(tool: string, stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw unreadable(tool, stdout);
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fields of an object that a tool printed, of the kind that is expected. */
export const field = {
  text(fields: Fields, name: string, tool: string): string {
    const value = fields[name];
    if (typeof value === 'string') return value;
    throw unreadable(tool, JSON.stringify(fields));
  },
  /** A whole number that is not negative. */
  size(fields: Fields, name: string, tool: string): number {
    const value = fields[name];
    if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
    throw unreadable(tool, JSON.stringify(fields));
  },
};
