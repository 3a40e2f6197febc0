/** A failure as a test of one's own suite. */
import { aboutScenario } from './explain.ts';
import type { FailureFile } from './failure-file.ts';

/** Source of a vitest file that plays the failure beside it and wants nothing to break. */
export function exportTest(failure: FailureFile, fileName: string): string {
  const { violation, scenario, description } = failure;
  const about = [description ?? violation.message, ...aboutScenario(scenario)];
  return `${about.map((line) => `// ${line}`).join('\n')}
import { readFileSync } from 'node:fs';
import { runScenario } from 'platter/sim';
import { expect, test } from 'vitest';

const url = new URL(${JSON.stringify(`./${fileName}`)}, import.meta.url);
const { scenario } = JSON.parse(readFileSync(url, 'utf8'));

test(${JSON.stringify(`${violation.id}: ${violation.message}`)}, async () => {
  const { violations } = await runScenario(scenario);
  expect(violations).toEqual([]);
});
`;
}
