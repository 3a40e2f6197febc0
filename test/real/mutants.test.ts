/** Seeded bugs, made in copies of what was built: each can be made, and the easy ones are found at once. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { applyPatch } from '../../sim/mutants/mutant.ts';
import { mutants } from '../../sim/mutants/mutants.ts';
import { platter } from './command.ts';

test.each(mutants)('$id changes the program in one place', ({ patches }) => {
  for (const patch of patches) {
    const text = readFileSync(`dist/src/${patch.module}.js`, 'utf8');
    expect(applyPatch(text, patch)).not.toBe(text);
  }
});

test('sim mutants tells what found each, and how soon', async () => {
  const ids = ['users-not-counted', 'growth-forgotten', 'lvm-not-zeroed', 'rbd-growth-forgotten'];
  const { status, stdout } = await platter('/nonexistent', [
    ...['sim', 'mutants', '--json', '--scenarios', '300', '--only', ...ids],
  ]);
  const found = JSON.parse(stdout) as { id: string; killed: boolean; violation: string | null }[];
  expect(found.map(({ id }) => id).sort()).toEqual(ids.sort());
  expect(found.filter(({ killed }) => !killed)).toEqual([]);
  expect(found.every(({ violation }) => violation !== null)).toBe(true);
  expect(status).toBe(0);
});
