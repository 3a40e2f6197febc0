/** What others have made in the volume group, or have done to disks with LVM's own tools: platter harms none of it. */
import { expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import type { Command } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';
import { lvm, simLvmImages } from './lvm-world.ts';

const MiB = 2 ** 20;
const group = 'vg0';

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

test('nor is a thin snapshot of a disk removed, with the disk or without it', async () => {
  const world = await simLvmImages('thin')();
  const { host, config } = world;
  const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await image.createSnap('s');
  const names = [...(world.world.stores.group?.volumes.keys() ?? [])];
  const snapshot = names.find((name) => name.startsWith('platter-snapshot-'));
  await lvm(host, `lvcreate -y -s -L 8M -n backup ${group}/${snapshot}`);
  const refusal = { code: 'IN_USE', details: { volumes: [`${group}/backup`] } };
  await expect(image.removeSnap('s')).rejects.toMatchObject(refusal);
  await expect(image.destroy()).rejects.toMatchObject(refusal);
  await lvm(host, `lvs ${group}/backup`);
  expect((await image.info()).snapshots).toEqual(['s']);
  await world.dispose();
});

const uuid = '11111111-2222-3333-4444-555555555555';

test("a disk of Nova's, which has no tags, stays one when a snapshot is brought back", async () => {
  const world = await simLvmImages('thin')();
  const { host, config } = world;
  await lvm(host, `lvcreate -y -V 8M --thinpool pool -n ${uuid}_disk ${group}`);
  const backend = new Backend({ host, config });
  const image = backend.image({ id: uuid }, 'disk', 'lvm');
  await image.createSnap('s');
  const orphans = async () =>
    (await backend.audit()).filter(({ kind }) => kind === 'orphan-volume').map(({ path }) => path);
  expect(await orphans()).toEqual([]);
  await image.rollbackToSnap('s');
  expect((await image.info()).snapshots).toEqual(['s']);
  // Now that it is platter's, it is told that no record knows it.
  expect(await orphans()).toEqual([`${group}/${uuid}_disk`]);
  await world.dispose();
});

test('a volume that says it is no disk there is hides none', async () => {
  const world = await simLvmImages('thick')();
  const { host, config } = world;
  const backend = new Backend({ host, config });
  await backend.image({ id: 'vm1' }, 'disk', 'lvm').createImage({ sizeBytes: 8 * MiB });
  await lvm(host, `lvcreate -y -L 4M --addtag platter.image=garbage -n other ${group}`);
  await lvm(host, `lvcreate -y -L 4M --addtag platter.image=../../etc -n .._..__etc ${group}`);
  expect(await backend.list()).toMatchObject([{ instance: 'vm1', disk: 'disk' }]);
  expect(await backend.audit()).toEqual([]);
  await world.dispose();
});

test("tags that somebody has given to a disk are its successor's", async () => {
  const world = await simLvmImages('thin')();
  const { host, config } = world;
  const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await image.createSnap('s');
  for (const odd of ['site#7', '#x', 'a=b&c!:/']) {
    await lvm(host, `lvchange --addtag ${odd} ${group}/vm1_disk`);
  }
  await image.rollbackToSnap('s');
  const { stdout } = await lvm(host, `lvs --noheadings -o lv_tags ${group}/vm1_disk`);
  expect(stdout.trim().split(',')).toEqual(
    expect.arrayContaining(['site#7', '#x', 'a=b&c!:/', 'platter.image=vm1/disk']),
  );
  await world.dispose();
});

test('a pool stays, whatever it is called, unless platter has made it for a disk', async () => {
  const world = await simLvmImages('thick')();
  const { host, config } = world;
  await lvm(host, `lvcreate -y --type thin-pool -L 64M -n platter-pool-ssd ${group}`);
  const lvmConfig = { ...config.lvm, thinPool: 'platter-pool-ssd' };
  const backend = new Backend({ host, config: { ...config, lvm: lvmConfig } });
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await image.destroy();
  await lvm(host, `lvs ${group}/platter-pool-ssd`);
  await world.dispose();
});

test('a snapshot is read after its host was started anew, when neither it nor its disk is active', async () => {
  const world = await simLvmImages('thick')();
  const { host, config } = world;
  const backend = new Backend({ host, config });
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await image.createSnap('s');
  await lvm(host, `lvchange -an ${group}/vm1_disk`);
  await image.snapshotExtract('/work/s.raw', 'raw', { snapshot: 's' });
  await lvm(host, `lvchange -an ${group}/vm1_disk`);
  const clone = backend.image({ id: 'vm2' }, 'disk', 'lvm');
  await clone.createImage({ snapshot: 'vm1/disk@s' });
  await world.dispose();
});

test('a disk that somebody has made read-only neither grows nor is copied over', async () => {
  const world = await simLvmImages('thick')();
  const { host, config } = world;
  const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await lvm(host, `lvchange -pr ${group}/vm1_disk`);
  const refusal = { code: 'PERMISSION_DENIED', hint: expect.stringContaining('lvchange -prw') };
  await expect(image.resizeImage(16 * MiB)).rejects.toMatchObject(refusal);
  expect((await image.info()).virtualSizeBytes).toBe(8 * MiB);
  await image.createSnap('s');
  await expect(image.rollbackToSnap('s')).rejects.toMatchObject(refusal);
  await lvm(host, `lvchange -prw ${group}/vm1_disk`);
  await image.rollbackToSnap('s');
  await world.dispose();
});

test('a pool that does not zero its blocks is given no disks, and one that is made for a disk does', async () => {
  const world = await simLvmImages('thin')();
  const { host, config } = world;
  const room = world.world.stores.group?.volumes.get('pool')?.room;
  Object.assign(room ?? {}, { zeroes: false });
  await world.makeTemplate('/work/t.raw', 'raw', 8 * MiB);
  const backend = new Backend({ host, config });
  await backend.templates.add('t', '/work/t.raw');
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  const refusal = { code: 'NOT_SUPPORTED', details: { thinPool: 'pool' } };
  await expect(image.createImage({ sizeBytes: 8 * MiB })).rejects.toMatchObject(refusal);
  await expect(image.createImage({ template: 't' })).rejects.toMatchObject(refusal);
  await world.dispose();

  const sparse = await simLvmImages('sparse')();
  const scripts: string[] = [];
  const { volume } = sparse.world;
  const noting = interrupted(
    sparse.host,
    ({ file }) => file === 'lvm',
    ({ args: [path = ''] }) => {
      const inode = volume.peek(path);
      return Promise.resolve(scripts.push((inode && volume.text(inode)) ?? ''));
    },
  );
  await new Backend({ host: noting, config: sparse.config })
    .image({ id: 'vm1' }, 'disk', 'lvm')
    .createImage({ sizeBytes: 8 * MiB });
  expect(scripts.join('')).toContain('--type thin-pool -Zy ');
  await sparse.dispose();
});

test('a disk goes from a pool that takes no discards, unless that gives its blocks out as they are', async () => {
  const world = await simLvmImages('thin')();
  const { host } = world;
  const config = { ...world.config, lvm: { ...world.config.lvm, volumeClear: 'none' as const } };
  const room = world.world.stores.group?.volumes.get('pool')?.room;
  Object.assign(room ?? {}, { takesDiscards: false });
  const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * MiB });
  await image.destroy({ wipe: true });
  expect(await image.exists()).toBe(false);
  await image.createImage({ sizeBytes: 8 * MiB });
  Object.assign(room ?? {}, { zeroes: false, takesDiscards: true });
  await expect(image.destroy({ wipe: true })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  await image.destroy();
  expect(await image.exists()).toBe(false);
  await world.dispose();
});

test('an encrypted disk that its pool has no room for is refused before anything is written', async () => {
  const world = await simLvmImages('encrypted thin')();
  const { host, config } = world;
  const image = new Backend({ host, config }).image({ id: 'vm1' }, 'disk', 'lvm');
  const room = world.world.stores.group?.volumes.get('pool')?.room;
  const refusal = { code: 'NO_SPACE', details: { neededBytes: 2048 * MiB } };
  await expect(image.createImage({ sizeBytes: 2048 * MiB })).rejects.toMatchObject(refusal);
  await image.createImage({ sizeBytes: 8 * MiB });
  await expect(image.resizeImage(2056 * MiB)).rejects.toMatchObject(refusal);
  expect((await image.info()).virtualSizeBytes).toBe(8 * MiB);
  expect(room?.wasFull).toBe(false);
  await world.dispose();
});

test('a disk that is there is encrypted or not, whatever is configured for the next ones', async () => {
  const world = await simLvmImages('encrypted thick')();
  const { host, config } = world;
  const plain = { ...config, encryption: { ...config.encryption, enabled: false } };
  const name = [{ id: 'vm1' }, 'disk', 'lvm'] as const;
  for (const [made, read] of [
    [config, plain],
    [plain, config],
  ]) {
    const image = new Backend({ host, config: made }).image(...name);
    await image.createImage({ sizeBytes: 8 * MiB });
    const { path } = await image.info();
    const other = new Backend({ host, config: read }).image(...name);
    expect(await other.getModel()).toMatchObject({ path });
    expect(JSON.stringify(await other.libvirtInfo())).toContain(`"${path}"`);
    await image.destroy();
  }
  await world.dispose();
});

test('a disk is decrypted as it was encrypted, whatever is configured since', async () => {
  const world = await simLvmImages('encrypted thick')();
  const opened: string[] = [];
  const host = interrupted(
    world.host,
    ({ file }) => file === 'cryptsetup',
    ({ args }) =>
      Promise.resolve(opened.push(args.filter((arg) => /^--(c|k.*size)/.test(arg)).join(' '))),
  );
  const encryptedBy = (cipher: string, keySize: number) => {
    const { config } = world;
    const encryption = { ...config.encryption, cipher, keySize };
    return new Backend({ host, config: { ...config, encryption } });
  };
  const before = encryptedBy('capi:cbc(aes)-essiv:sha256', 256);
  await before.image({ id: 'vm1' }, 'disk', 'lvm').createImage({ sizeBytes: 8 * MiB });
  const after = encryptedBy('aes-xts-plain64', 512);
  const image = after.image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createSnap('s');
  await image.snapshotExtract('/work/s.raw', 'raw', { snapshot: 's' });
  await after.image({ id: 'vm2' }, 'disk', 'lvm').createImage({ snapshot: 'vm1/disk@s' });
  await image.rollbackToSnap('s');
  const own = '--cipher=capi:cbc(aes)-essiv:sha256 --key-size=256';
  expect(opened.length).toBeGreaterThan(4);
  expect(new Set(opened)).toEqual(new Set([own]));
  await after.image({ id: 'vm3' }, 'disk', 'lvm').createImage({ sizeBytes: 8 * MiB });
  expect(opened.at(-1)).toBe('--cipher=aes-xts-plain64 --key-size=512');
  await world.dispose();
});
