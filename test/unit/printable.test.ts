import { expect, test } from 'vitest';
import { printable, printableLines } from '../../src/cli/printable.ts';

test.each([
  ['plain', 'plain'],
  ['häß lich 磁盘', 'häß lich 磁盘'],
  ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
  ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
  ['back\b\rover', 'back\\x08\\x0dover'],
  ['tab\tNUL\0', 'tab\\x09NUL\\x00'],
  ['\u007f\u009b31m', '\\x7f\\x9b31m'],
  ['gpj\u202eexe', 'gpj\\u202eexe'],
  ['a line\nanother', 'a line\\x0aanother'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('of a text of several lines the lines stay', () => {
  expect(printableLines('one\ntwo\u001b[2J\n')).toBe('one\ntwo\\x1b[2J\n');
});
