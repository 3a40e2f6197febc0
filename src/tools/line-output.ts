/** Output of tools that is one line of text. Pure. */
import { unreadable } from './json-output.ts';

/** What a tool prints as one line, without its end: TOOL_FAILED where that is lost, and who knows what before it. */
export function parseLine(tool: string, stdout: string): string {
  if (!stdout.endsWith('\n')) throw unreadable(tool, stdout);
  return stdout.slice(0, -1);
}
