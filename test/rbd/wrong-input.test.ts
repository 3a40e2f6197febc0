/** Wrong input, a wrong configuration and a cluster that is away: codes, exit statuses, and nothing is changed. */
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, hostFile, platter, type HostFile, type RbdSection } from './programs.ts';
import {
  ceph,
  cephConf,
  draftsIn,
  MiB,
  namesIn,
  rbd,
  rbdWorld,
  type RbdWorld,
} from './rbd-world.ts';

let world: RbdWorld;
const hosts = new Map<string, HostFile>();
const smallPool = 'wrong-input-small';

async function addHost(name: string, section: RbdSection, more = ''): Promise<HostFile> {
  const host = await hostFile(
    world.directory,
    name,
    { connectTimeoutSeconds: 2, ...section },
    more,
  );
  hosts.set(name, host);
  return host;
}

beforeAll(async () => {
  world = await rbdWorld();
  const { pool, directory } = world;
  await world.makeTemplate(`${directory}/t.raw`, 'raw', 8 * MiB);
  await ceph('osd', 'pool', 'create', smallPool, '8');
  await rbd('pool', 'init', smallPool);
  await writeFile(`${directory}/empty.conf`, '');
  // Nobody listens there, as when the whole cluster is down.
  await writeFile(
    `${directory}/away.conf`,
    `[global]\nmon_host = [v2:127.0.0.1:9,v1:127.0.0.1:10]\nkeyring = ${cephConf().replace(/ceph\.conf$/, 'keyring')}\n`,
  );
  await addHost('good', { pool });
  await addHost('no-pool', {});
  await addHost('missing-pool', { pool: 'nope' });
  await addHost('missing-namespace', { pool: 'vms/nope' });
  await addHost('missing-template-pool', { pool, templatePool: 'nope' });
  await addHost('unknown-user', { pool, user: 'nobody' });
  await addHost('missing-conf', { pool, cephConf: `${directory}/none.conf` });
  await addHost('empty-conf', { pool, cephConf: `${directory}/empty.conf` });
  await addHost('away', { pool, cephConf: `${directory}/away.conf` });
  await addHost('full', { pool: smallPool }, '');
  for (const host of hosts.values()) await mkdir(host.instancesPath, { recursive: true });
  for (const name of ['good', 'missing-pool', 'missing-template-pool', 'away', 'full']) {
    const host = hostNamed(name);
    const added = await platter(host, 'template', 'add', 't', `${directory}/t.raw`);
    expect(added, added.stderr).toMatchObject({ status: 0 });
  }
  const made = await platter(good(), ...create('vm1/disk', '--template', 't'));
  expect(made, made.stderr).toMatchObject({ status: 0 });
  const taken = await platter(good(), 'snapshot', 'create', 'vm1/disk@s');
  expect(taken, taken.stderr).toMatchObject({ status: 0 });
  await rbd('create', `${pool}/foreign_disk`, '--size', '1M');
});
afterAll(async () => {
  await ceph('osd', 'pool', 'set-quota', smallPool, 'max_bytes', '0').catch(() => '');
  await world.dispose();
});

function hostNamed(name: string): HostFile {
  const host = hosts.get(name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return host;
}
const good = () => hostNamed('good');

function create(address: string, ...more: readonly string[]): readonly string[] {
  return ['image', 'create', address, '--backend', 'rbd', ...more];
}

type Case = readonly [
  what: string,
  host: string,
  args: readonly string[],
  code: string,
  status: number,
];

const cases: readonly Case[] = [
  ['no pool configured', 'no-pool', create('vm2/disk', '--size', '1M'), 'CONFIG_INVALID', 2],
  ['no such pool', 'missing-pool', create('vm2/disk', '--size', '1M'), 'NOT_FOUND', 3],
  ['no such pool, a clone', 'missing-pool', create('vm2/disk', '--template', 't'), 'NOT_FOUND', 3],
  ['no such pool, show', 'missing-pool', ['image', 'show', 'vm1/disk'], 'NOT_FOUND', 3],
  ['no such namespace', 'missing-namespace', create('vm2/disk', '--size', '1M'), 'NOT_FOUND', 3],
  [
    'no such template pool',
    'missing-template-pool',
    create('vm2/disk', '--template', 't'),
    'NOT_FOUND',
    3,
  ],
  ['an unknown user', 'unknown-user', create('vm2/disk', '--size', '1M'), 'PERMISSION_DENIED', 1],
  ['no ceph.conf', 'missing-conf', create('vm2/disk', '--size', '1M'), 'CONFIG_INVALID', 2],
  ['no monitors', 'empty-conf', create('vm2/disk', '--size', '1M'), 'CONFIG_INVALID', 2],
  ['the cluster is away', 'away', create('vm2/disk', '--template', 't'), 'UNREACHABLE', 75],
  ['the cluster is away, show', 'away', ['image', 'show', 'vm1/disk'], 'UNREACHABLE', 75],
  ['the name is taken', 'good', create('vm1/disk', '--template', 't'), 'ALREADY_EXISTS', 4],
  [
    'the name is a foreign one',
    'good',
    create('foreign/disk', '--size', '1M'),
    'ALREADY_EXISTS',
    4,
  ],
  ['too small', 'good', create('vm2/disk', '--template', 't', '--size', '4M'), 'SIZE_TOO_SMALL', 4],
  ['too large for RBD', 'good', create('vm2/disk', '--size', '8191T'), 'INVALID_ARGUMENT', 2],
  ['no size', 'good', create('vm2/disk'), 'INVALID_ARGUMENT', 2],
  ['no such template', 'good', create('vm2/disk', '--template', 'u'), 'NOT_FOUND', 3],
  ['no such image', 'good', ['image', 'show', 'vm9/disk'], 'NOT_FOUND', 3],
  ['shrinking', 'good', ['image', 'resize', 'vm1/disk', '--size', '1M'], 'CANNOT_SHRINK', 4],
  ['a snapshot twice', 'good', ['snapshot', 'create', 'vm1/disk@s'], 'ALREADY_EXISTS', 4],
  ['no such snapshot', 'good', ['snapshot', 'restore', 'vm1/disk@t', '--yes'], 'NOT_FOUND', 3],
  ['deleting unasked', 'good', ['image', 'delete', 'vm1/disk'], 'INVALID_ARGUMENT', 2],
];

test.each(cases)('%s: %s', async (_, host, args, code, status) => {
  const before = await namesIn(world.pool);
  const result = await platter(hostNamed(host), ...args, '--json');
  expect(result.stdout).toBe('');
  const error = errorOf(result);
  expect({ status: result.status, code: error.code }, result.stderr).toEqual({ status, code });
  expect(await namesIn(world.pool)).toEqual(before);
});

test('what is wrong is said in the words of the configuration', async () => {
  const hint = async (host: string, args = create('vm2/disk', '--size', '1M')) => {
    const { message, hint: text } = errorOf(await platter(hostNamed(host), ...args, '--json'));
    return `${message}: ${text}`;
  };
  expect(await hint('no-pool')).toMatch(/pool.*\[rbd\]/);
  expect(await hint('missing-pool')).toMatch(/no pool "nope".*ceph osd pool create nope/);
  expect(await hint('missing-conf')).toContain('ceph_conf');
  expect(await hint('unknown-user')).toContain('[rbd] user');
  expect(await hint('away', create('vm2/disk', '--template', 't'))).toContain('ceph status');
});

test('a list goes on without the backend that is away, and says so', async () => {
  const result = await platter(hostNamed('away'), 'image', 'list', '--json');
  expect(result).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\[\]\n$/) });
  expect(result.stderr).toContain('the cluster does not answer');
});

test('nothing is left where nothing was begun', async () => {
  for (const name of ['away', 'missing-pool', 'unknown-user', 'missing-conf']) {
    const recovered = await platter(hostNamed(name), 'recover', '--dry-run', '--json');
    expect(recovered, recovered.stderr).toMatchObject({ status: 0, stdout: '[]\n' });
  }
});

test('a full pool: refused before it is filled, and told when a change waits for space', async () => {
  const host = hostNamed('full');
  await ceph('osd', 'pool', 'set-quota', smallPool, 'max_bytes', String(4 * MiB));
  const early = await platter(host, ...create('vm2/disk', '--template', 't'), '--json');
  // Of the 8 MiB of the template only one is data.
  expect(early, early.stderr).toMatchObject({ status: 0 });
  await world.makeTemplate(`${world.directory}/data.raw`, 'raw', 8 * MiB);
  await writeFile(`${world.directory}/data.raw`, Buffer.alloc(8 * MiB, 0x41));
  const imported = await platter(
    host,
    ...['image', 'import', `${world.directory}/data.raw`, 'vm3/disk', '--backend', 'rbd', '--json'],
  );
  expect(errorOf(imported).code).toBe('NO_SPACE');
  expect(imported.status).toBe(1);
  expect(await namesIn(smallPool)).not.toContain('vm3_disk');

  // Now it is full, and whatever is written waits: for as long as tools are given.
  await rbd('import', '--no-progress', `${world.directory}/data.raw`, `${smallPool}/filler`);
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const pools = JSON.parse(
      await ceph('osd', 'pool', 'ls', 'detail', '--format', 'json'),
    ) as readonly {
      pool_name: string;
      flags_names: string;
    }[];
    const flags = pools.find(({ pool_name }) => pool_name === smallPool)?.flags_names ?? '';
    if (flags.includes('full')) break;
    await sleep(500);
  }
  const patient = await addHost(
    'full-patient',
    { pool: smallPool },
    '[limits]\ntool_timeout_seconds = 5\n',
  );
  const late = await platter(patient, ...create('vm4/disk', '--size', '1M'), '--json');
  expect({ status: late.status, code: errorOf(late).code }, late.stderr).toEqual({
    status: 1,
    code: 'NO_SPACE',
  });
  expect(await draftsIn(smallPool)).toEqual([]);
});
