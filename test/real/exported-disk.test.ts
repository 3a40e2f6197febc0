/** A disk that qemu-nbd exports: it shares it with writers, or only reads it, and must not lose it all the same. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ['flat', ['-f', 'raw']],
  ['qcow2', ['-f', 'qcow2', '--read-only']],
])('%s', async (type, options) => {
  const [disk, socket] = [`vm1/${type}`, `${directory}/${type}.sock`];
  await platter(directory, ['image', 'create', disk, '--size', '1M', '--backend', type]);
  const args = [...options, '--persistent', '--socket', socket, `${directory}/${disk}`];
  const server = spawn('qemu-nbd', args, { stdio: 'ignore' });
  while (!existsSync(socket)) await sleep(20);
  const remove = () => platter(directory, ['image', 'delete', disk, '--yes', '--json']);
  expect(errorOf(await remove()).code).toBe('IN_USE');
  expect(existsSync(`${directory}/${disk}`)).toBe(true);
  server.kill();
  await once(server, 'close');
  expect(await remove()).toMatchObject({ status: 0 });
});
