/**
 * Text that strangers can have written, such as names of files and of snapshots in foreign disks, as a terminal may get it:
 * what could move its cursor, set its title or turn its lines round is shown by its number.
 */

/** C0 and C1, and what changes the direction of writing; the end of a line apart. */
const commanding = /[^\P{Cc}\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Of several lines. */
export function printableLines(text: string): string {
  return text.replace(commanding, byNumber);
}

/** Of one line, which stays one. */
export function printable(text: string): string {
  return printableLines(text).replaceAll('\n', byNumber('\n'));
}

function byNumber(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
