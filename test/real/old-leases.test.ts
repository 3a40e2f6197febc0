/** A lease of a process of which nobody can tell here whether it has ended. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import type { Stray } from '../../src/audit/stray.ts';
import { errorOf, platter } from './command.ts';
import { makeImage } from './file-images.ts';

const root = mkdtempSync(`${tmpdir()}/platter-test-`);
const instances = `${root}/instances`;
const lease = `${instances}/_base/.platter/t~0123456789abcdef.lease`;
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function auditWith(since: string): Promise<readonly Stray[]> {
  writeFileSync(lease, JSON.stringify({ pid: 7, host: 'h', machine: 'm', boot: 'b', since }));
  return JSON.parse((await platter(instances, ['audit', '--json'])).stdout) as Stray[];
}

test('is told when it is old, and by whoever it is in the way of', async () => {
  await makeImage(`${root}/t`, 'raw', 1024 * 1024);
  await platter(instances, ['template', 'add', 't', `${root}/t`]);
  expect(await auditWith(new Date().toISOString())).toEqual([]);
  const since = '2020-01-01T00:00:00.000Z';
  const holder = `process 7 on h, since ${since}`;
  const found = await auditWith(since);
  expect(found).toMatchObject([{ kind: 'old-lease', path: lease, subject: 'template t' }]);
  expect(found[0]?.message).toContain(holder);
  const remove = () => platter(instances, ['template', 'delete', 't', '--yes', '--json']);
  const { code, hint } = errorOf(await remove());
  expect(code).toBe('IN_USE');
  expect(hint).toContain(`${holder}: ${lease}`);
  rmSync(lease);
  expect(await remove()).toMatchObject({ status: 0 });
});
