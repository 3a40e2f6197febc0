/** Two who give one name at once: the simulated rbd does what was recorded of the real one (rename-race.json). */
import { expect, test } from 'vitest';
import { comparable, lab, recordingsOf } from './rbd-recordings.ts';

const recordings = recordingsOf('rename-race');

test.each([
  ['the name given meanwhile', []],
  ['the name given meanwhile, log', ['--debug-rbd=1', '--log-to-stderr=true']],
] as const)('%s', async (label, options) => {
  const entry = (name: string) => recordings.find((one) => one.name === `${label}: ${name}`);
  const slower = entry('a to n, stopped before message 28');
  const faster = entry('meanwhile (28)');
  if (slower === undefined || faster === undefined) throw new Error('not recorded');
  expect(slower.argv).toEqual(['rbd', ...options, 'rename', 'vms/a', 'vms/n']);

  const { run } = lab();
  for (const line of ['rbd create vms/a --size 8M', 'rbd create vms/b --size 16M']) await run(line);
  const [first, second] = await Promise.all([run(faster.argv), run(slower.argv)]);
  expect(first).toEqual(comparable(faster));
  expect(second).toEqual(comparable(slower));

  const left = JSON.parse((await run('rbd ls -l vms --format json')).stdout) as {
    image: string;
    size: number;
  }[];
  const recorded = entry('left (28)')?.stdout.split('\n')[0];
  expect(JSON.stringify(left.map(({ image, size }) => [image, size]))).toBe(recorded);
});
