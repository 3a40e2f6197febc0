/** What others have made in the volume group, or have done to disks with LVM's own tools: platter harms none of it. */
import { expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import type { Command, RunResult } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';
import { simLvmImages } from './lvm-world.ts';

const MiB = 2 ** 20;
const group = 'vg0';

/** By hand: a command line of LVM. */
async function lvm(host: Host, line: string): Promise<RunResult> {
  const [file = '', ...args] = line.split(' ');
  const result = await host.executor.run({ file, args });
  expect(result).toMatchObject({ exitCode: 0 });
  return result;
}

/** `meanwhile` is what somebody does when the command has run. */
function interrupted(
  host: Host,
  isWhen: (command: Command) => boolean,
  meanwhile: (command: Command) => Promise<unknown>,
): Host {
  const executor: Host['executor'] = {
    async run(command, options) {
      const result = await host.executor.run(command, options);
      if (isWhen(command)) await meanwhile(command);
      return result;
    },
  };
  return { ...host, executor };
}

test('a disk with a classic snapshot of somebody else stays, and so does that', async () => {
  const world = await simLvmImages('thick')();
  const { host, config } = world;
  const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await image.createSnap('s');
  await lvm(host, `lvcreate -y -s -L 8M -n backup ${group}/vm1_disk`);
  await expect(image.destroy()).rejects.toMatchObject({
    code: 'IN_USE',
    details: { volumes: [`${group}/backup`] },
  });
  expect((await image.info()).snapshots).toEqual(['s']);
  await lvm(host, `lvs ${group}/backup`);
  await lvm(host, `lvremove -f ${group}/backup`);
  await image.destroy();
  expect(await image.exists()).toBe(false);
  await world.dispose();
});

test('nor does a snapshot go that somebody takes of a disk while it is cleared', async () => {
  const world = await simLvmImages('thick')();
  const { host, config } = world;
  const slow = interrupted(
    host,
    ({ file }) => file === 'shred',
    ({ args }) => lvm(host, `lvcreate -y -s -L 8M -n backup ${args.at(-1)?.slice('/dev/'.length)}`),
  );
  const image = new Backend({ host: slow, config }).image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await expect(image.destroy()).rejects.toMatchObject({ code: 'IN_USE' });
  await lvm(host, `lvs ${group}/backup`);
  await lvm(host, `lvremove -f ${group}/backup`);
  const backend = new Backend({ host, config });
  expect(await backend.recover()).toMatchObject([{ target: 'vm1/disk' }]);
  expect(await world.leftovers()).toEqual([]);
  await world.dispose();
});

test('a thin disk is not replaced while somebody else has a classic snapshot of it', async () => {
  const world = await simLvmImages('thin')();
  const { host, config } = world;
  const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await image.createSnap('s');
  await lvm(host, `lvcreate -y -s -n copy ${group}/vm1_disk`);
  await image.rollbackToSnap('s');
  await lvm(host, `lvcreate -y -s -L 8M -n backup ${group}/vm1_disk`);
  await expect(image.rollbackToSnap('s')).rejects.toMatchObject({ code: 'IN_USE' });
  await lvm(host, `lvs ${group}/backup ${group}/copy`);
  await world.dispose();
});
