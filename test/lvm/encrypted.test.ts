/** Encrypted disks: what is on the volume is not their content, and their secret is seen nowhere. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import { PlatterError } from '../../src/errors.ts';
import { templateByte } from '../contract/images.contract.ts';
import { lvmWorld, group, MiB, names, shell, thick, type LvmWorld } from './lab.ts';

const secret = 'c0ffee'.repeat(20);

let world: LvmWorld;
let backend: Backend;
beforeEach(async () => {
  world = await lvmWorld(thick)();
  const keys = `${world.directory}/keys`;
  await mkdir(keys);
  await writeFile(`${keys}/vm1`, `${secret}\n`, { mode: 0o600 });
  await writeFile(`${keys}/open`, secret);
  await chmod(`${keys}/open`, 0o644);
  const config = { ...world.config, encryption: { enabled: true, keyDirectory: keys } };
  backend = new Backend({ host: world.host, config });
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
});
afterEach(async () => {
  expect(await world.leftovers()).toEqual([]);
  await shell('for m in $(ls /dev/mapper | grep dmcrypt); do dmsetup remove $m; done');
  await world.dispose();
});

test('is made, grown, restored, exported and removed through its map', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  const made = await image.createImage({ template: 't', sizeBytes: 12 * MiB });
  expect(made.path).toBe('/dev/mapper/vm1_disk-dmcrypt');
  expect(await world.read(made.path, 'raw', 0)).toBe(templateByte);
  expect(await world.read(made.path, 'raw', 11 * MiB)).toBe(0);
  const plain = `dd if=/dev/${group}/vm1_disk bs=1M count=1 status=none | tr -cd T | wc -c`;
  expect(Number(await shell(plain))).toBeLessThan(MiB / 64);
  expect(backend.snapshot({ id: 'vm1' }, made.path, 'lvm').address.disk).toBe('disk');
  expect((await image.libvirtInfo()).toXml()).toContain(made.path);

  // The host was started anew: nothing is mapped, nor active.
  await shell(`cryptsetup remove vm1_disk-dmcrypt; lvchange -an ${group}/vm1_disk`);
  await image.cache({ template: 't', sizeBytes: 8 * MiB });
  expect(await world.read(made.path, 'raw', 0)).toBe(templateByte);

  await image.resizeImage(16 * MiB);
  expect(await world.read(made.path, 'raw', 15 * MiB)).toBe(0);
  await image.createSnap('s');
  await world.write(image, MiB, 0x22);
  await image.rollbackToSnap('s');
  expect(await world.read(made.path, 'raw', MiB)).toBe(0);
  const file = `${world.directory}/out.raw`;
  await image.snapshotExtract(file, 'raw', { snapshot: 's' });
  expect(await world.read(file, 'raw', 0)).toBe(templateByte);
  await image.destroy();
  expect(await names()).toEqual([]);
  expect(await shell('ls /dev/mapper')).not.toContain('dmcrypt');
  expect(world.commands().join('\n')).not.toContain(secret);
});

test('what a cryptsetup that was killed has left is no map of it (cryptsetup-2.6/killed.json)', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  const { path } = await image.createImage({ template: 't', sizeBytes: 12 * MiB });
  const map = 'vm1_disk-dmcrypt';
  for (const left of [
    `dmsetup remove --retry ${map}; dmsetup create ${map} --notable -u CRYPT-PLAIN-${map}`,
    `dmsetup remove --retry ${map}; mknod ${path} b 253 77`,
    `rm ${path}`,
  ]) {
    await shell(left);
    await image.cache({ template: 't', sizeBytes: 8 * MiB });
    expect([left, await world.read(path, 'raw', 0)]).toEqual([left, templateByte]);
  }
  await shell(`dmsetup remove --retry ${map}; dmsetup create ${map} --table '0 8 zero'`);
  await expect(image.cache({ template: 't' })).rejects.toMatchObject({ code: 'IN_USE' });
  await image.destroy();
  expect(await shell('dmsetup ls --target zero')).toContain(map);
  expect(await names()).toEqual([]);
});

test('without its key nothing is made, and nothing is told of secrets', async () => {
  const failureOf = async (id: string, keyId?: string) => {
    const image = backend.image({ id, keyId }, 'disk', 'lvm');
    return image.createImage({ template: 't' }).catch((error: unknown) => error);
  };
  expect(await failureOf('vm2')).toMatchObject({ code: 'NOT_FOUND' });
  const open = await failureOf('vm2', 'open');
  expect(open).toMatchObject({ code: 'PERMISSION_DENIED' });
  expect(PlatterError.is(open) && JSON.stringify(open.details)).not.toContain(secret);
  expect(await names()).toEqual([]);
});
