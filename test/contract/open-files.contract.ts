/** What the engine relies on of files that it has open. A part of the contract of filesystems. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Filesystem } from '../../src/ports/filesystem.ts';
import { codeOf, type MakeWorld, type World } from './world.ts';

export function openFilesContract(name: string, makeWorld: MakeWorld): void {
  describe(`open files: ${name}`, () => {
    let world: World;
    let fs: Filesystem;
    let dir: string;

    beforeEach(async () => {
      world = await makeWorld();
      fs = world.host.filesystem;
      dir = world.directory;
    });
    afterEach(() => world.dispose());

    const file = async (path: string, text = 'text') => fs.createText(`${dir}/${path}`, text);

    test('an open file can be used until it is closed; a directory has no content', async () => {
      await file('f', 'text');
      const reader = await fs.openRead(`${dir}/f`);
      reader.close();
      expect(await codeOf(reader.read(new Uint8Array(1), 0))).toBe('EBADF');
      expect(await codeOf(reader.cloneTo(`${dir}/g`))).toBe('EBADF');
      const handle = await fs.open(`${dir}/f`, 'write');
      await handle.close();
      expect(await codeOf(handle.stat())).toBe('EBADF');
      const directory = await fs.openRead(dir, { headBytes: 10, tailBytes: 10 });
      expect(directory.stat.kind).toBe('directory');
      expect([directory.head.length, directory.tail.length]).toEqual([0, 0]);
      expect(await codeOf(directory.read(new Uint8Array(1), 0))).toBe('EISDIR');
      directory.close();
    });

    test('an open file is told as it was when it was opened, and as it is now', async () => {
      await file('f', 'text');
      const opened = await fs.openRead(`${dir}/f`);
      await fs.truncate(`${dir}/f`, 10);
      await fs.rename(`${dir}/f`, `${dir}/g`);
      expect(opened.stat.sizeBytes).toBe(4);
      expect(await opened.statNow()).toEqual(await fs.stat(`${dir}/g`));
      opened.close();
      expect(await codeOf(opened.statNow())).toBe('EBADF');
    });

    test('opening a file reads as much of its ends as it is asked for', async () => {
      await file('f', '0123456789');
      const ends = async (headBytes?: number, tailBytes?: number) => {
        const opened = await fs.openRead(`${dir}/f`, {
          ...(headBytes === undefined ? {} : { headBytes }),
          ...(tailBytes === undefined ? {} : { tailBytes }),
        });
        opened.close();
        expect(opened.stat).toEqual(await fs.stat(`${dir}/f`));
        return [opened.head, opened.tail].map((bytes) => Buffer.from(bytes).toString());
      };
      expect(await ends()).toEqual(['', '']);
      expect(await ends(4)).toEqual(['0123', '']);
      expect(await ends(4, 3)).toEqual(['0123', '789']);
      expect(await ends(8, 4)).toEqual(['01234567', '6789']);
      expect(await ends(undefined, 4)).toEqual(['', '6789']);
      expect(await ends(10, 2)).toEqual(['0123456789', '89']);
      expect(await ends(100, 100)).toEqual(['0123456789', '0123456789']);
      expect(await ends(100, 5)).toEqual(['0123456789', '56789']);
    });

    test('reads the files of a directory, and nothing else in it', async () => {
      expect(await codeOf(fs.readTexts(`${dir}/d`))).toBe('ENOENT');
      await fs.makeDirectory(`${dir}/d`);
      expect(await fs.readTexts(`${dir}/d`)).toEqual([]);
      await file('d/b', 'two');
      await file('d/a', 'one');
      await fs.makeDirectory(`${dir}/d/c`);
      expect(await fs.readTexts(`${dir}/d`)).toEqual([
        { name: 'a', text: 'one' },
        { name: 'b', text: 'two' },
      ]);
      expect(await codeOf(fs.readTexts(`${dir}/d`, 2))).toBe('EFBIG');
      expect(await codeOf(fs.readTexts(`${dir}/d/a`))).toBe('ENOTDIR');
    });

    test('a file without a name lives as long as it is open', async () => {
      await file('f', 'text');
      const handle = await fs.open(`${dir}/f`, 'write');
      await fs.unlink(`${dir}/f`);
      await file('f', 'other');
      await handle.write(Buffer.from('T'), 0);
      const buffer = new Uint8Array(4);
      await handle.read(buffer, 0);
      expect(Buffer.from(buffer).toString()).toBe('Text');
      await handle.close();
      expect(await fs.readText(`${dir}/f`)).toBe('other');
    });
  });
}
