/** What the engine relies on of a filesystem that has no space left. Runs on a real one of 8 MiB and a simulated one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import type { Filesystem } from '../../src/ports/filesystem.ts';
import { codeOf, type MakeWorld, type World } from './world.ts';

const MiB = 1024 * 1024;

/** `makeWorld` gives an empty filesystem of 8 MiB. */
export function fullFilesystemContract(name: string, makeWorld: MakeWorld): void {
  describe(`full filesystem: ${name}`, () => {
    let world: World;
    let fs: Filesystem;
    let dir: string;

    beforeEach(async () => {
      world = await makeWorld();
      fs = world.host.filesystem;
      dir = world.directory;
    });
    afterEach(() => world.dispose());

    /** Writes until there is no space for another block. */
    const fill = async () => {
      const handle = await fs.open(`${dir}/filler`, 'create');
      const code = await codeOf(handle.write(new Uint8Array(16 * MiB).fill(1), 0));
      const { sizeBytes } = await handle.stat();
      await handle.close();
      return { code, sizeBytes };
    };

    test('a write that does not fit fails, and what had room is written', async () => {
      const { code, sizeBytes } = await fill();
      expect(code).toBe('ENOSPC');
      expect(sizeBytes).toBeGreaterThan(4 * MiB);
      expect(sizeBytes).toBeLessThan(9 * MiB);
      expect((await fs.space(dir)).availableBytes).toBeLessThan(MiB);
    });

    test('a text that does not fit leaves nothing', async () => {
      await fill();
      expect(await codeOf(fs.createText(`${dir}/a`, 'x'.repeat(MiB - 1)))).toBe('ENOSPC');
      expect(await codeOf(fs.stat(`${dir}/a`))).toBe('ENOENT');
    });

    test('names can be changed and removed, and holes made, without space', async () => {
      await fs.createText(`${dir}/a`, 'kept');
      await fill();
      await fs.link(`${dir}/a`, `${dir}/b`);
      await fs.rename(`${dir}/a`, `${dir}/c`);
      await fs.truncate(`${dir}/filler`, 64 * MiB);
      await fs.unlink(`${dir}/b`);
      expect(await fs.readText(`${dir}/c`)).toBe('kept');
      expect((await fs.stat(`${dir}/filler`)).sizeBytes).toBe(64 * MiB);
    });

    test('what is removed can be used again', async () => {
      await fill();
      await fs.unlink(`${dir}/filler`);
      const handle = await fs.open(`${dir}/b`, 'create');
      await handle.write(new Uint8Array(4 * MiB).fill(2), 0);
      await handle.close();
      expect((await fs.stat(`${dir}/b`)).allocatedBytes).toBeGreaterThanOrEqual(4 * MiB);
    });

    test('what is removed while it is open can be used again when it is closed', async () => {
      const handle = await fs.open(`${dir}/a`, 'create');
      await handle.write(new Uint8Array(6 * MiB).fill(2), 0);
      await fs.unlink(`${dir}/a`);
      expect((await handle.stat()).sizeBytes).toBe(6 * MiB);
      await handle.close();
      const next = await fs.open(`${dir}/b`, 'create');
      await next.write(new Uint8Array(6 * MiB).fill(2), 0);
      await next.close();
    });

    test('zeros that are written where nothing is take space', async () => {
      await fill();
      const handle = await fs.open(`${dir}/filler`, 'write');
      await handle.truncate(64 * MiB);
      const zeros = new Uint8Array(MiB);
      expect(await codeOf(handle.write(zeros, 32 * MiB))).toBe('ENOSPC');
      expect(await codeOf(handle.write(zeros, 0))).toBeUndefined();
      await handle.close();
    });

    test('disks are removed and wiped without space, and templates too', async () => {
      const backend = new Backend({ host: world.host, config: { instancesPath: `${dir}/i` } });
      const source = await fs.open(`${dir}/t.raw`, 'create');
      await source.write(new Uint8Array(64 * 1024).fill(3), 0);
      await source.truncate(MiB);
      await source.close();
      await backend.templates.add('t', `${dir}/t.raw`);
      const disks = ['qcow2', 'flat'].map((type) => backend.image({ id: type }, 'disk', type));
      for (const disk of disks) await disk.createImage({ template: 't', sizeBytes: 32 * MiB });
      await fill();
      for (const disk of disks) {
        await disk.destroy({ wipe: true });
        await fs.unlink(`${dir}/filler`);
        await fill();
      }
      await backend.templates.delete('t');
      expect(await backend.list()).toEqual([]);
      expect(await backend.audit()).toEqual([]);
    });

    test('more than there is cannot be reserved, and the size stays', async () => {
      await fs.createText(`${dir}/a`, 'x');
      expect(await codeOf(fs.allocate(`${dir}/a`, 64 * MiB))).toBe('ENOSPC');
      expect((await fs.stat(`${dir}/a`)).sizeBytes).toBe(1);
    });

    test('tools say that there is no space', async () => {
      await fill();
      const { executor } = world.host;
      const args = ['convert', '-f', 'raw', '-O', 'raw', `${dir}/filler`, `${dir}/copy`];
      const converted = await executor.run({ file: 'qemu-img', args });
      expect(converted.exitCode).toBe(1);
      expect(converted.stderr).toContain('No space left on device');
      // The target stays, at its full length.
      const { sizeBytes } = await fs.stat(`${dir}/filler`);
      expect((await fs.stat(`${dir}/copy`)).sizeBytes).toBe(Math.ceil(sizeBytes / 512) * 512);
      const copied = await executor.run({ file: 'cp', args: [`${dir}/filler`, `${dir}/copy2`] });
      expect(copied.exitCode).toBe(1);
      expect(copied.stderr).toContain('No space left on device');
      expect((await fs.stat(`${dir}/copy2`)).sizeBytes).toBeLessThan(sizeBytes);
    });
  });
}
