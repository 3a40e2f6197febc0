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

    test('an open file is what it was opened for, until it is closed', async () => {
      await file('f', 'text');
      const reader = await fs.open(`${dir}/f`, 'read');
      expect(await codeOf(reader.write(Buffer.from('x'), 0))).toBe('EBADF');
      expect(await codeOf(reader.truncate(0))).toBe('EINVAL');
      await reader.close();
      expect(await codeOf(reader.stat())).toBe('EBADF');
      const directory = await fs.open(dir, 'read');
      expect(await codeOf(directory.read(new Uint8Array(1), 0))).toBe('EISDIR');
      await directory.close();
      expect(await fs.readText(`${dir}/f`)).toBe('text');
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
