/** What the command does on a terminal: it asks, and nothing but a yes is one. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { platter } from './command.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${directory}/instances`;

beforeAll(() => platter(instances, ['image', 'create', 'vm1/disk', '--size', '1M']));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** script(1) gives the command a terminal, and passes its exit status on. */
function deleteAnswering(keys: string): Promise<{ status: number | null; output: string }> {
  const command = `node dist/cli/main.js --instances-path ${instances} image delete vm1/disk`;
  const child = spawn('script', ['-qec', command, '/dev/null']);
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    const wasAsked = output.includes('[y/N]');
    output += data.toString();
    if (!wasAsked && output.includes('[y/N]')) child.stdin.write(keys);
  });
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, output }));
  });
}

test.each([
  ['no', 'n\r', 1],
  ['nothing', '\r', 1],
  ['the end of input', '\x04', 1],
  ['an interrupt', '\x03', 130],
])('%s is no yes', async (_, keys, status) => {
  const result = await deleteAnswering(keys);
  expect(result).toMatchObject({ status });
  expect(result.output).toContain('nothing was changed');
  expect(await platter(instances, ['image', 'show', 'vm1/disk'])).toMatchObject({ status: 0 });
});

test('yes is one', async () => {
  expect(await deleteAnswering('y\r')).toMatchObject({ status: 0 });
  expect(await platter(instances, ['image', 'show', 'vm1/disk'])).toMatchObject({ status: 3 });
});
