/** Seeded bugs, made in copies of what was built: each can be made, and the easy ones are found at once, and told shortly. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { applyPatch } from '../../sim/mutants/mutant.ts';
import type { Hunted } from '../../sim/mutants/hunt.ts';
import { mutants } from '../../sim/mutants/mutants.ts';
import { platter } from './command.ts';

test.each(mutants)('$id changes the program in one place', ({ patches }) => {
  for (const patch of patches) {
    const text = readFileSync(`dist/src/${patch.module}.js`, 'utf8');
    expect(applyPatch(text, patch)).not.toBe(text);
  }
});

test('sim mutants tells what found each, and how soon', async () => {
  const ids = ['growth-forgotten', 'lvm-not-zeroed', 'rbd-growth-forgotten', 'ploop-names-lost'];
  const { status, stdout } = await platter('/nonexistent', [
    ...['sim', 'mutants', '--json', '--scenarios', '300', '--shrink', '--only', ...ids],
  ]);
  const found = JSON.parse(stdout) as Hunted[];
  expect(found.map(({ id }) => id).sort()).toEqual(ids.sort());
  expect(found.filter(({ killed }) => !killed)).toEqual([]);
  expect(found.every(({ violation }) => violation !== null)).toBe(true);
  // On a screen.
  expect(found.filter(({ explainedLines = Infinity }) => explainedLines > 50)).toEqual([]);
  expect(status).toBe(0);
});
