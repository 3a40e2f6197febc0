/** Bugs that the simulator has found in the engine: each is kept as the file that showed it, and must not come back. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseFailure } from '../../sim/failures/failure-file.ts';
import { replay } from '../../sim/failures/replay.ts';

const directory = new URL('./replays/', import.meta.url);

for (const name of readdirSync(directory)) {
  const failure = parseFailure(readFileSync(new URL(name, directory), 'utf8'), name);
  test(`${name}: ${failure.description ?? failure.violation.message}`, async () => {
    const { run } = await replay(failure);
    expect(run.violations).toEqual([]);
  });
}
