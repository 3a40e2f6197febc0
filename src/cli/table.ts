/** Plain tables for people: capitals above, two spaces between. */
import type { Table as Cells } from 'cli-table3';
import { printable } from './printable.ts';

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export async function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 };
  const table: Cells = new Table({ head: [...head], chars: noBorders, style });
  for (const row of rows) table.push(row.map(printable));
  return trimLines(table.toString());
}

/** Names and values below each other. */
export async function formatProperties(
  properties: readonly (readonly [string, string])[],
): Promise<string> {
  return (await formatTable([], properties)).trimStart();
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line, index) => line !== '' || index > 0)
    .join('\n');
}
