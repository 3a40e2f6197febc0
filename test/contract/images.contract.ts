/** What images are on every backend, by their contents. Runs on real and on simulated hosts. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigInput } from '../../src/config/config.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import { codeOf, type World } from './world.ts';

const MiB = 1024 * 1024;

/** Raw disks of a few MiB whose bytes can be written and read through the tools of the world. */
export interface ImageWorld extends World {
  readonly config: ConfigInput;
  /** Writes a template file of this many bytes, filled with a byte in its first MiB. */
  readonly makeTemplate: (path: string, format: string, sizeBytes: number) => Promise<void>;
  /** What a guest does. */
  readonly write: (image: Image, position: number, byte: number) => Promise<void>;
  /** The byte that fills the KiB at this position. */
  readonly read: (path: string, format: string, position: number) => Promise<number>;
  /** Throws when the disk is not sound. */
  readonly check: (image: Image) => Promise<void>;
  /** False where a disk that has snapshots cannot grow. Default is true. */
  readonly growsWithSnapshots?: boolean;
  /** What is left that no image and no template explains. */
  readonly leftovers: () => Promise<readonly string[]>;
}

/** The byte of which templates are made. */
export const templateByte = 0x54;

export function imagesContract(
  name: string,
  type: string,
  makeWorld: () => Promise<ImageWorld>,
): void {
  describe(`images: ${name}`, () => {
    let world: ImageWorld;
    let backend: Backend;
    let image: Image;

    beforeEach(async () => {
      world = await makeWorld();
      backend = new Backend({ host: world.host, config: world.config });
      image = backend.image({ id: 'vm1' }, 'disk', type);
      await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
      await backend.templates.add('t', `${world.directory}/t.raw`);
    });
    afterEach(async () => {
      expect(await world.leftovers()).toEqual([]);
      await world.dispose();
    });

    const byteAt = async (position: number, of = image) => {
      const { path, format } = await of.info();
      return world.read(path, format, position);
    };

    test('is made of a template, of its size or larger', async () => {
      const made = await image.createImage({ template: 't' });
      expect(made).toMatchObject({ instance: 'vm1', disk: 'disk', backend: type, template: 't' });
      expect(made.virtualSizeBytes).toBe(8 * MiB);
      const large = backend.image({ id: 'vm2' }, 'disk', type);
      await large.createImage({ template: 't', sizeBytes: 20 * MiB });
      expect((await large.info()).virtualSizeBytes).toBe(20 * MiB);
      expect(await byteAt(0)).toBe(templateByte);
      expect(await byteAt(0, large)).toBe(templateByte);
      expect(await byteAt(19 * MiB, large)).toBe(0);
      await world.check(image);
      await world.check(large);
    });

    test('is refused when the template is larger, and nothing is made', async () => {
      expect(await codeOf(image.createImage({ template: 't', sizeBytes: 4 * MiB }))).toBe(
        'SIZE_TOO_SMALL',
      );
      expect(await image.exists()).toBe(false);
      expect(await backend.list()).toEqual([]);
    });

    test('is made once, and cache can be repeated', async () => {
      await image.createImage({ template: 't' });
      await world.write(image, MiB, 0x11);
      expect(await codeOf(image.createImage({ template: 't' }))).toBe('ALREADY_EXISTS');
      await image.cache({ template: 't' });
      await image.cache({ template: 't', sizeBytes: 8 * MiB });
      expect(await byteAt(MiB)).toBe(0x11);
      await image.cache({ template: 't', sizeBytes: 12 * MiB });
      expect((await image.info()).virtualSizeBytes).toBe(12 * MiB);
      expect(await byteAt(MiB)).toBe(0x11);
    });

    test('can be blank, rounded up to whole sectors', async () => {
      await image.createImage({ sizeBytes: MiB + 1 });
      expect((await image.info()).virtualSizeBytes).toBeGreaterThanOrEqual(MiB + 1);
      expect((await image.info()).template).toBe(null);
      expect(await byteAt(0)).toBe(0);
      expect(await codeOf(backend.image({ id: 'vm2' }, 'disk', type).createImage())).toBe(
        'INVALID_ARGUMENT',
      );
    });

    test('can be what a function writes, or a file', async () => {
      await image.createImage({
        sizeBytes: 4 * MiB,
        prepare: (target) => world.makeTemplate(target, 'raw', 2 * MiB),
      });
      expect((await image.info()).virtualSizeBytes).toBe(4 * MiB);
      expect(await byteAt(0)).toBe(templateByte);
      const imported = backend.image({ id: 'vm2' }, 'disk', type);
      await imported.createImage({ file: `${world.directory}/t.raw`, sizeBytes: 16 * MiB });
      expect((await imported.info()).virtualSizeBytes).toBe(16 * MiB);
      expect(await byteAt(0, imported)).toBe(templateByte);
      await world.check(imported);
    });

    test('grows and never shrinks', async () => {
      await image.createImage({ template: 't' });
      await image.resizeImage(16 * MiB);
      await image.resizeImage(4 * MiB, { isRelative: true });
      await image.resizeImage(20 * MiB);
      expect(await image.getDiskSize()).toBe(20 * MiB);
      expect(await codeOf(image.resizeImage(16 * MiB))).toBe('CANNOT_SHRINK');
      expect(await codeOf(image.resizeImage(0))).toBe('CANNOT_SHRINK');
      expect(await image.getDiskSize()).toBe(20 * MiB);
      expect(await byteAt(0)).toBe(templateByte);
      await world.check(image);
    });

    test('snapshots keep content and size, and stay when they are restored', async () => {
      if (world.growsWithSnapshots === false) return;
      await image.createImage({ template: 't' });
      if (!(await image.capabilities()).snapshots) {
        expect(await image.createSnap('s')).toMatchObject({ done: false });
        expect(await codeOf(image.createSnap('a/b'))).toBe('INVALID_ARGUMENT');
        return;
      }
      await world.write(image, MiB, 0x11);
      await image.createSnap('one');
      expect(await codeOf(image.createSnap('one'))).toBe('ALREADY_EXISTS');
      await world.write(image, MiB, 0x22);
      await image.resizeImage(16 * MiB);
      await image.createSnap('two');
      expect((await image.listSnaps()).map((snapshot) => snapshot.name)).toEqual(['one', 'two']);
      for (let round = 0; round < 2; round += 1) {
        await image.rollbackToSnap('one');
        expect(await byteAt(MiB)).toBe(0x11);
        expect(await image.getDiskSize()).toBe(8 * MiB);
        await world.write(image, MiB, 0x33);
      }
      await image.rollbackToSnap('two');
      expect(await byteAt(MiB)).toBe(0x22);
      expect(await image.getDiskSize()).toBe(16 * MiB);
      await world.check(image);
      await image.removeSnap('one');
      expect(await codeOf(image.removeSnap('one'))).toBe('NOT_FOUND');
      await image.removeSnap('one', { ignoreErrors: true });
      expect(await codeOf(image.rollbackToSnap('one'))).toBe('NOT_FOUND');
      expect((await image.info()).snapshots).toEqual(['two']);
      expect(await byteAt(MiB)).toBe(0x22);
    });

    test('a disk that cannot grow with its snapshots says so, and restores them', async () => {
      if (world.growsWithSnapshots !== false) return;
      await image.createImage({ template: 't' });
      await world.write(image, MiB, 0x11);
      await image.createSnap('s');
      await world.write(image, MiB, 0x22);
      expect(await codeOf(image.resizeImage(16 * MiB))).toBe('IN_USE');
      for (let round = 0; round < 2; round += 1) {
        await image.rollbackToSnap('s');
        expect(await byteAt(MiB)).toBe(0x11);
        await world.write(image, MiB, 0x33);
      }
      await image.removeSnap('s');
      await image.resizeImage(16 * MiB);
      expect(await byteAt(MiB)).toBe(0x33);
      expect(await byteAt(15 * MiB)).toBe(0);
    });

    test('flattening keeps the content, also that of snapshots', async () => {
      if (world.growsWithSnapshots === false) return;
      await image.createImage({ template: 't', sizeBytes: 16 * MiB });
      const { snapshots } = await image.capabilities();
      await world.write(image, 2 * MiB, 0x11);
      if (snapshots) await image.createSnap('small');
      await image.resizeImage(24 * MiB);
      await world.write(image, 20 * MiB, 0x22);
      if (snapshots) await image.createSnap('large');
      if (snapshots) await image.rollbackToSnap('small');
      const kept = snapshots ? await image.listSnaps() : [];
      await image.flatten();
      await image.flatten();
      const times = kept.map((one) => ({ name: one.name, createdAt: one.createdAt }));
      if (snapshots) expect(await image.listSnaps()).toMatchObject(times);
      expect((await image.info()).backing).toBe(null);
      expect(await byteAt(0)).toBe(templateByte);
      expect(await byteAt(2 * MiB)).toBe(0x11);
      await world.check(image);
      if (!snapshots) return;
      expect(await image.getDiskSize()).toBe(16 * MiB);
      await image.rollbackToSnap('large');
      expect(await image.getDiskSize()).toBe(24 * MiB);
      expect(await byteAt(20 * MiB)).toBe(0x22);
      expect(await byteAt(0)).toBe(templateByte);
      await image.rollbackToSnap('small');
      expect(await byteAt(2 * MiB)).toBe(0x11);
      expect(await byteAt(0)).toBe(templateByte);
      await world.check(image);
    });

    test('a clone of a snapshot goes its own way', async () => {
      await image.createImage({ template: 't' });
      if (!(await image.capabilities()).snapshots) return;
      await world.write(image, MiB, 0x11);
      await image.createSnap('s');
      await world.write(image, MiB, 0x22);
      const clone = backend.image({ id: 'vm2' }, 'disk', type);
      await clone.createImage({ snapshot: 'vm1/disk@s', sizeBytes: 16 * MiB });
      expect(await byteAt(MiB, clone)).toBe(0x11);
      expect(await byteAt(0, clone)).toBe(templateByte);
      expect(await clone.getDiskSize()).toBe(16 * MiB);
      await world.write(clone, MiB, 0x33);
      expect(await byteAt(MiB)).toBe(0x22);
      await world.check(clone);
      expect(
        await codeOf(
          backend.image({ id: 'vm3' }, 'disk', type).createImage({ snapshot: 'vm1/disk@none' }),
        ),
      ).toBe('NOT_FOUND');
    });

    test('a snapshot is copied at its own size, whatever the disk has become', async () => {
      if (world.growsWithSnapshots === false) return;
      await image.createImage({ template: 't', sizeBytes: 16 * MiB });
      if (!(await image.capabilities()).snapshots) return;
      await image.createSnap('small');
      await image.resizeImage(24 * MiB);
      await world.write(image, 20 * MiB, 0x22);
      await image.createSnap('large');
      const small = `${world.directory}/small.raw`;
      await image.snapshotExtract(small, 'raw', { snapshot: 'small' });
      expect((await world.host.filesystem.stat(small)).sizeBytes).toBe(16 * MiB);
      await image.rollbackToSnap('small');
      const large = `${world.directory}/large.raw`;
      await image.snapshotExtract(large, 'raw', { snapshot: 'large' });
      expect(await world.read(large, 'raw', 20 * MiB)).toBe(0x22);
      const clone = backend.image({ id: 'vm2' }, 'disk', type);
      await clone.createImage({ snapshot: 'vm1/disk@large' });
      expect(await clone.getDiskSize()).toBe(24 * MiB);
      expect(await byteAt(20 * MiB, clone)).toBe(0x22);
      expect(await byteAt(0, clone)).toBe(templateByte);
      await world.check(clone);
    });

    test('is exported as it is now, or as it was', async () => {
      await image.createImage({ template: 't' });
      const { snapshots } = await image.capabilities();
      if (snapshots) await image.createSnap('s');
      await world.write(image, MiB, 0x22);
      const now = `${world.directory}/now.raw`;
      await image.snapshotExtract(now, 'raw');
      expect(await world.read(now, 'raw', MiB)).toBe(0x22);
      expect(await codeOf(image.snapshotExtract(now, 'raw'))).toBe('ALREADY_EXISTS');
      if (!snapshots) return;
      const then = `${world.directory}/then.qcow2`;
      await image.snapshotExtract(then, 'qcow2', { snapshot: 's' });
      expect(await world.read(then, 'qcow2', MiB)).toBe(0);
      expect(await world.read(then, 'qcow2', 0)).toBe(templateByte);
    });

    test('is removed with all that belonged to it', async () => {
      await image.createImage({ template: 't' });
      if ((await image.capabilities()).snapshots) await image.createSnap('s');
      await image.destroy();
      expect(await image.exists()).toBe(false);
      expect(await codeOf(image.destroy())).toBe('NOT_FOUND');
      expect(await codeOf(image.info())).toBe('NOT_FOUND');
      await image.createImage({ sizeBytes: MiB });
      expect((await image.info()).snapshots).toEqual([]);
      await image.destroy({ wipe: true });
      await backend.templates.delete('t');
      expect(await backend.list()).toEqual([]);
      expect(await backend.templates.list()).toEqual([]);
    });

    test('is found by its path, whichever backend is asked for', async () => {
      await image.createImage({ template: 't' });
      const { path } = await image.info();
      expect(backend.snapshot({ id: 'vm1' }, path, type).address).toEqual(image.address);
      expect((await backend.find({ instance: 'vm1', disk: 'disk' })).type).toBe(type);
      expect(await backend.list('vm1')).toHaveLength(1);
      expect(await backend.list('vm2')).toEqual([]);
    });
  });
}
