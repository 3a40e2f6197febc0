/** A snapshot that somebody uses is not deleted, nor is its disk: it stays, and nothing else has to wait for whoever uses it. */
import { expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import { cryptsetupCreate } from '../../src/tools/cryptsetup/argv.ts';
import { dmsetupRemove } from '../../src/tools/dmsetup/argv.ts';
import { simLvmImages } from './lvm-world.ts';

test('a thin snapshot in use stays, and its disk can be worked on', async () => {
  const world = await simLvmImages('thin')();
  const { host, config } = world;
  const backend = new Backend({ host, config });
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ sizeBytes: 8 * 2 ** 20 });
  await image.createSnap('s');
  const { stdout } = await host.executor.run({
    file: 'lvs',
    args: ['--reportformat', 'json', '-o', 'lv_name', String(config.lvm?.volumeGroup)],
  });
  const snapshot = /platter-snapshot-[0-9a-f]+/.exec(stdout)?.[0];
  const name = `${config.lvm?.volumeGroup}/${snapshot}`;
  await host.executor.run({ file: 'lvchange', args: ['-ay', '-K', name] });
  const map = cryptsetupCreate('backup', `/dev/${name}`, {
    cipher: 'aes-xts-plain64',
    keySize: 256,
  });
  expect(await host.executor.run(map, { input: '5e'.repeat(32) })).toMatchObject({ exitCode: 0 });

  await expect(image.removeSnap('s')).rejects.toMatchObject({
    code: 'IN_USE',
    details: { undo: 'undone' },
  });
  await expect(image.destroy()).rejects.toMatchObject({
    code: 'IN_USE',
    details: { undo: 'undone' },
  });
  await image.createSnap('t');
  await image.resizeImage(16 * 2 ** 20);
  await host.executor.run(dmsetupRemove('backup'));
  expect(await backend.recover()).toEqual([]);
  expect((await image.listSnaps()).map((kept) => kept.name)).toEqual(['s', 't']);
  await image.removeSnap('s');
  expect((await image.info()).snapshots).toEqual(['t']);
  await world.dispose();
});
