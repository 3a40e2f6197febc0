/** What `audit` finds in storage that is no directory: of platter, and explained by nothing; never what is others'. */
import { describe, expect, test } from 'vitest';
import { clusterStores } from '../../sim/cluster/stores.ts';
import { simHost, type SimHostOptions } from '../../sim/sim-host.ts';
import { VolumeGroup } from '../../sim/volume-group/volume-group.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Host } from '../../src/ports/host.ts';

const sha256 = 'ab'.repeat(32);

async function backendOn(options: SimHostOptions, config: ConfigInput) {
  const { host } = simHost(options);
  await host.filesystem.makeDirectory('/work');
  const backend = new Backend({ host, config: { ...config, instancesPath: '/work/instances' } });
  const run = async (line: string) => {
    const [file = '', ...args] = line.split(' ');
    const result = await host.executor.run({ file, args });
    expect(result, `${line}: ${result.stderr}`).toMatchObject({ exitCode: 0 });
  };
  return { host, backend, run };
}

/** An operation that was broken off, and has this in hand. */
async function leaveWorkspace(host: Host, id: string) {
  const { filesystem } = host;
  for (const path of ['', '/vm1', '/vm1/.platter', `/vm1/.platter/disk~${id}.work`]) {
    await filesystem.makeDirectory(`/work/instances${path}`);
  }
}

describe('in a cluster', () => {
  const world = () =>
    backendOn(
      { makeStores: clusterStores(['vms', 'images']) },
      { rbd: { pool: 'vms', templatePool: 'images' } },
    );

  test('drafts and removals that no operation has in hand, and templates of others', async () => {
    const { host, backend, run } = await world();
    await leaveWorkspace(host, '00000000000000aa');
    for (const image of [
      ...['vms/_part.vm1_disk.00000000000000aa', 'vms/_part.vm1_disk.00000000000000bb'],
      ...['images/_gone.t.00000000000000cc', 'images/_base.t.abababababababab'],
      ...['vms/vm9_disk', 'vms/foreign', 'images/cirros'],
    ]) {
      await run(`rbd create ${image} --size 1M`);
    }
    const strays = await backend.audit();
    expect(strays.map(({ kind, path }) => [kind, path])).toEqual([
      ['interrupted-operation', '/work/instances/vm1/.platter/disk~00000000000000aa.work'],
      ['foreign-template', 'images/_base.t.abababababababab'],
      ['half-made-volume', 'images/_gone.t.00000000000000cc'],
      ['half-made-volume', 'vms/_part.vm1_disk.00000000000000bb'],
    ]);
  });

  test('none of what platter itself has made', async () => {
    const { host, backend } = await world();
    await host.filesystem.createText('/work/t', 'x'.repeat(4096));
    await backend.templates.add('t', '/work/t');
    await backend.image({ id: 'vm1' }, 'disk', 'rbd').createImage({ template: 't' });
    expect(await backend.audit()).toEqual([]);
  });
});

describe('in a volume group', () => {
  const world = () =>
    backendOn(
      {
        makeStores: (volume) => ({
          group: new VolumeGroup(volume, { name: 'vg0', extents: 1023 }),
        }),
      },
      { lvm: { volumeGroup: 'vg0' } },
    );

  test('volumes with tags of platter, or with names that only it gives', async () => {
    const { host, backend, run } = await world();
    await leaveWorkspace(host, '00000000000000aa');
    const made = '--addtag platter.made=00000000000000aa';
    for (const volume of [
      `platter-part-00000000000000aa ${made}`,
      'platter-part-00000000000000bb --addtag platter.made=00000000000000bb',
      'platter-removed-00000000000000cc --addtag platter.image=vm3/disk',
      `platter-template-abababababababab-pool --addtag platter.template=${sha256}`,
      'platter-snapshot-00000000000000dd --addtag platter.of=vm7/disk --addtag platter.snapshot=s',
      'vm8_disk --addtag platter.image=vm8/disk',
      ...['platter-part-00000000000000ee', 'platter-snapshot-00000000000000ff', 'root', 'vm9_disk'],
      'platter-template-0123456789abcdef-pool',
    ]) {
      await run(`lvcreate -qq --yes -L 4M -n ${volume} vg0`);
    }
    const strays = await backend.audit();
    expect(strays.map(({ kind, path, subject }) => [kind, path, subject])).toEqual([
      [
        'interrupted-operation',
        '/work/instances/vm1/.platter/disk~00000000000000aa.work',
        'vm1/disk',
      ],
      ['orphan-volume', 'vg0/platter-snapshot-00000000000000dd', 'vm7/disk'],
      ['orphan-volume', 'vg0/platter-template-0123456789abcdef-pool', null],
      ['orphan-volume', 'vg0/platter-template-abababababababab-pool', null],
      ['orphan-volume', 'vg0/vm8_disk', 'vm8/disk'],
      ['half-made-volume', 'vg0/platter-part-00000000000000bb', null],
      ['half-made-volume', 'vg0/platter-part-00000000000000ee', null],
      ['half-made-volume', 'vg0/platter-removed-00000000000000cc', null],
      ['half-made-volume', 'vg0/platter-snapshot-00000000000000ff', null],
    ]);
    expect(strays.at(-1)?.allocatedBytes).toBe(4 * 1024 * 1024);
  });

  test('a group that is not there is told, and hides nothing else', async () => {
    const { host } = await world();
    const config = { instancesPath: '/work/instances', lvm: { volumeGroup: 'nothing' } };
    const strays = await new Backend({ host, config }).audit();
    expect(strays).toMatchObject([{ kind: 'unreadable', path: 'lvm storage' }]);
  });
});
