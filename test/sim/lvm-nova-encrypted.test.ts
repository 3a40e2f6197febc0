/** Encrypted disks that Nova made: their volumes have no tags, and only their maps and the configuration tell. */
import { expect, test } from 'vitest';
import { readRaw, write } from '../../sim/volume/content.ts';
import { Backend } from '../../src/images/backend.ts';
import { killedAt, lvm, simLvmImages } from './lvm-world.ts';

const MiB = 2 ** 20;
const group = 'vg0';
const id = '0f5c2b1e-3a6d-4a1c-9a57-6b8d1f2e3c4d';
const volume = `${id}_disk`;
const map = `/dev/mapper/${volume}-dmcrypt`;
const secret = 'ab'.repeat(32);

/** With a disk of Nova's, mapped, in which 0x5a is written at 1 MiB. */
async function novaWorld(kind: 'thick' | 'thin', configured: 'enabled' | 'disabled') {
  const base = await simLvmImages(`encrypted ${kind}`)();
  const { host, world } = base;
  const encryption = { ...base.config.encryption, enabled: configured === 'enabled' };
  const config = { ...base.config, encryption };
  world.volume.create(`/work/keys/${id}`, 'file', 0o600, secret);
  const size = kind === 'thin' ? '-V 8M --thinpool pool' : '-L 8M';
  await lvm(host, `lvcreate -y ${size} -n ${volume} ${group}`);
  const args = ['create', `${volume}-dmcrypt`, `/dev/${group}/${volume}`];
  const how = ['--cipher=aes-xts-plain64', '--key-size=512', '--key-file=-'];
  const command = { file: 'cryptsetup', args: [...args, ...how] };
  expect(await host.executor.run(command, { input: secret })).toMatchObject({ exitCode: 0 });
  const device = () => {
    const mapped = world.stores.group?.maps.get(`${volume}-dmcrypt`)?.device;
    if (mapped === undefined) throw new Error('it is not mapped');
    return mapped;
  };
  const put = (byte: number) => {
    const source = new Uint8Array(512).fill(byte);
    device().write(write(device().read(), MiB, { length: 512, source }));
  };
  const byteOf = (content: Parameters<typeof readRaw>[0], at = MiB) => {
    const buffer = new Uint8Array(1);
    readRaw(content, buffer, at);
    return buffer[0];
  };
  put(0x5a);
  const backend = new Backend({ host, config });
  const image = backend.image({ id }, 'disk', 'lvm');
  return { ...base, config, backend, image, device, put, byteOf };
}

const kinds = ['thick', 'thin'] as const;
const each = kinds.flatMap((kind) =>
  (['enabled', 'disabled'] as const).map((configured) => [kind, configured] as const),
);

test.each(each)('%s, encryption %s: shown, grown, exported, removed', async (kind, configured) => {
  const { world, image, device, byteOf, dispose } = await novaWorld(kind, configured);
  expect(await image.getModel()).toMatchObject({ path: map });
  expect(await image.info()).toMatchObject({ path: map, storage: { encrypted: true } });
  expect((await image.libvirtInfo()).toXml()).toContain(map);
  await image.resizeImage(16 * MiB);
  expect(device().read().sizeBytes).toBe(16 * MiB);
  expect([byteOf(device().read()), byteOf(device().read(), 12 * MiB)]).toEqual([0x5a, 0]);
  await image.snapshotExtract('/work/out.raw', 'raw');
  const exported = world.volume.content(world.volume.find('/work/out.raw'));
  expect(exported.kind === 'raw' && byteOf(exported)).toBe(0x5a);
  await image.destroy();
  expect(world.stores.group?.maps.size).toBe(0);
  expect(world.stores.group?.volumes.has(volume)).toBe(false);
  await dispose();
});

test.each(each)('%s, encryption %s: a snapshot is brought back', async (kind, configured) => {
  const { world, image, device, put, byteOf, dispose } = await novaWorld(kind, configured);
  await image.createSnap('s');
  put(0x66);
  await image.rollbackToSnap('s');
  expect(byteOf(device().read())).toBe(0x5a);
  expect((await image.info()).storage).toMatchObject({ encrypted: true });
  await image.destroy();
  expect(world.stores.group?.maps.size).toBe(0);
  await dispose();
});

test.each(kinds)('%s: a growth that was cut off is finished with its key', async (kind) => {
  const { host, world, config, backend, device, byteOf, dispose } = await novaWorld(
    kind,
    'disabled',
  );
  await killedAt(
    world,
    ({ file }) => file === 'blkdiscard',
    (dying) =>
      new Backend({ host: dying, config }).image({ id }, 'disk', 'lvm').resizeImage(16 * MiB),
  );
  await lvm(host, `dmsetup remove ${volume}-dmcrypt`);
  await backend.recover();
  expect([byteOf(device().read()), byteOf(device().read(), 12 * MiB)]).toEqual([0x5a, 0]);
  await dispose();
});

test('without its key nothing is changed that would have to map it again', async () => {
  const { world, image, device, byteOf, dispose } = await novaWorld('thin', 'enabled');
  world.volume.unlink(`/work/keys/${id}`);
  await image.createSnap('s');
  await expect(image.resizeImage(16 * MiB)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(image.rollbackToSnap('s')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(byteOf(device().read())).toBe(0x5a);
  await image.destroy();
  await dispose();
});

test('a plain disk of platter stays plain when encryption is enabled', async () => {
  const { host, config, backend, dispose } = await novaWorld('thick', 'enabled');
  const plain = { ...config, encryption: { ...config.encryption, enabled: false } };
  await new Backend({ host, config: plain })
    .image({ id: 'vm1' }, 'disk', 'lvm')
    .createImage({ sizeBytes: 8 * MiB });
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  expect(await image.getModel()).toMatchObject({ path: `/dev/${group}/vm1_disk` });
  expect((await image.info()).storage).toMatchObject({ encrypted: false });
  await dispose();
});
