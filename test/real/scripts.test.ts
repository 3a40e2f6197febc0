/** The scripts on a host without qemu-img that cannot install it: they fail at once, and say why. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const bin = mkdtempSync(`${tmpdir()}/platter-test-`);
afterAll(() => rmSync(bin, { recursive: true, force: true }));

/** Everything of this host but what the test is about. */
beforeAll(() => {
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    if (!existsSync(directory)) continue;
    for (const name of readdirSync(directory)) {
      if (name === 'qemu-img' || name === 'apt-get' || existsSync(`${bin}/${name}`)) continue;
      rmSync(`${bin}/${name}`, { force: true });
      symlinkSync(`${directory}/${name}`, `${bin}/${name}`);
    }
  }
});

function run(script: string, aptGet?: string) {
  rmSync(`${bin}/apt-get`, { force: true });
  if (aptGet !== undefined)
    writeFileSync(`${bin}/apt-get`, `#!/bin/sh\n${aptGet}\n`, { mode: 0o755 });
  const { status, stderr } = spawnSync(script, { env: { PATH: bin }, encoding: 'utf8' });
  return { status, stderr };
}

describe.each(['scripts/test.sh', 'scripts/demo.sh'])('%s without qemu-img', (script) => {
  test('and without apt-get', () => {
    const { status, stderr } = run(script);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: missing: .*qemu-utils.*apt-get install .*qemu-utils/m);
  });

  test.each(['echo "E: no network" >&2; exit 100', 'exit 0'])(
    'where apt-get does: %s',
    (aptGet) => {
      const { status, stderr } = run(script, aptGet);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^error: .*qemu-(img|utils).* could not be installed$/m);
    },
  );
});
