/** The session and the program of the README: what is typed there works, and prints what stands there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';

const readme = readFileSync('README.md', 'utf8');
const checkout = process.cwd();

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/platter-test-`);
  mkdirSync(`${directory}/node_modules`);
  symlinkSync(checkout, `${directory}/node_modules/platter`);
  writeFileSync(`${directory}/package.json`, '{"type":"module"}');
  const image = `${directory}/debian-12.qcow2`;
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '2G']);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Directories of the README become some of the test. */
const here = (text: string) =>
  text
    .replaceAll('/var/lib/platter/instances', `${directory}/vms`)
    .replaceAll('/srv/vms', `${directory}/vms`)
    .replaceAll('/root/', `${directory}/`);

/** How much is allocated is the filesystem's matter. */
const comparable = (text: string) =>
  text
    .replaceAll(/\d+ KiB +/g, 'N KiB ')
    .replaceAll(/cache="\w+"/g, 'cache')
    .trim();

function block(start: string): string {
  const found = readme.slice(readme.indexOf(start) + start.length);
  return here(found.slice(0, found.indexOf('\n```')));
}

test('the session', () => {
  const commands = block('```console\n').split(/^\$ /m).slice(1);
  expect(commands.length).toBeGreaterThan(9);
  for (const text of commands) {
    const [command = '', ...output] = text.split('\n');
    const typed = `platter() { node ${checkout}/dist/cli/main.js --instances-path ${directory}/vms "$@"; }\n${command}`;
    const { stdout, stderr, status } = spawnSync('bash', ['-c', typed], {
      cwd: directory,
      encoding: 'utf8',
    });
    expect(comparable(stdout + stderr)).toBe(comparable(output.join('\n')));
    const isRefused = output.some((line) => line.startsWith('error: '));
    expect(status).toBe(isRefused ? 4 : 0);
  }
});

test('the program', () => {
  writeFileSync(`${directory}/program.js`, block('```js\n'));
  const output = execFileSync('node', ['program.js'], { cwd: directory, encoding: 'utf8' });
  const shown = block('```\nCANNOT_SHRINK\n');
  expect(comparable(output)).toBe(comparable(`CANNOT_SHRINK\n${shown}`));
});
