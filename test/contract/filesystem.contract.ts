/** What the engine relies on of a filesystem. Runs on the real and on the simulated one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Filesystem } from '../../src/ports/filesystem.ts';
import { openFilesContract } from './open-files.contract.ts';
import { codeOf, type MakeWorld, type World } from './world.ts';

export function filesystemContract(name: string, makeWorld: MakeWorld): void {
  openFilesContract(name, makeWorld);
  describe(`filesystem: ${name}`, () => {
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
    const folder = async (path: string) => fs.makeDirectory(`${dir}/${path}`);

    test('creates a file once', async () => {
      await file('a', 'one');
      expect(await codeOf(file('a', 'two'))).toBe('EEXIST');
      expect(await fs.readText(`${dir}/a`)).toBe('one');
      expect(await codeOf(fs.createText(`${dir}/missing/a`, ''))).toBe('ENOENT');
    });

    test('syncs several files and several directories', async () => {
      await file('a', 'one');
      await file('b', 'two');
      await folder('d');
      await fs.sync(`${dir}/a`, `${dir}/b`);
      await fs.syncDirectory(`${dir}/d`, dir);
      expect(await codeOf(fs.sync(`${dir}/a`, `${dir}/x`))).toBe('ENOENT');
      expect(await codeOf(fs.syncDirectory(dir, `${dir}/x`))).toBe('ENOENT');
      expect(await codeOf(fs.syncDirectory(`${dir}/a`))).toBe('ENOTDIR');
    });

    test('reads and writes at positions, and leaves holes', async () => {
      const handle = await fs.open(`${dir}/a`, 'create');
      await handle.write(Buffer.from('end'), 1_000_000);
      const buffer = new Uint8Array(6);
      expect(await handle.read(buffer, 999_997)).toBe(6);
      expect(Buffer.from(buffer).toString('latin1')).toBe('\0\0\0end');
      expect(await handle.read(buffer, 1_000_002)).toBe(1);
      const stat = await handle.stat();
      expect(stat.sizeBytes).toBe(1_000_003);
      expect(stat.allocatedBytes).toBeLessThan(100_000);
      await handle.close();
    });

    test('grows and cuts by truncate; what was cut off reads as zeros', async () => {
      const handle = await fs.open(`${dir}/a`, 'create');
      await handle.write(Buffer.from('abcdef'), 0);
      await handle.truncate(3);
      await handle.truncate(100 * 1024 ** 3);
      const buffer = new Uint8Array(6);
      await handle.read(buffer, 0);
      expect(Buffer.from(buffer).toString('latin1')).toBe('abc\0\0\0');
      expect((await handle.stat()).sizeBytes).toBe(100 * 1024 ** 3);
      await handle.close();
    });

    test('opens no symbolic link, no directory for writing, and nothing that is missing', async () => {
      await folder('d');
      expect(await codeOf(fs.open(`${dir}/d`, 'write'))).toBe('EISDIR');
      expect(await codeOf(fs.openRead(`${dir}/x`))).toBe('ENOENT');
      expect(await codeOf(fs.open(`${dir}/x/y`, 'create'))).toBe('ENOENT');
      await file('f');
      expect(await codeOf(fs.openRead(`${dir}/f/y`))).toBe('ENOTDIR');
      expect(await codeOf(fs.readText(`${dir}/f/y`))).toBe('ENOTDIR');
      expect(await codeOf(fs.stat(`${dir}/x`))).toBe('ENOENT');
    });

    test('links: two names of one file, never over a name that is taken', async () => {
      await file('a', 'one');
      await file('b', 'two');
      await fs.link(`${dir}/a`, `${dir}/c`);
      const [a, c] = [await fs.stat(`${dir}/a`), await fs.stat(`${dir}/c`)];
      expect(c.inode).toBe(a.inode);
      expect(c.links).toBe(2);
      expect(await codeOf(fs.link(`${dir}/a`, `${dir}/b`))).toBe('EEXIST');
      expect(await codeOf(fs.link(`${dir}/x`, `${dir}/y`))).toBe('ENOENT');
      await fs.unlink(`${dir}/a`);
      expect(await fs.readText(`${dir}/c`)).toBe('one');
      expect(await codeOf(fs.unlink(`${dir}/a`))).toBe('ENOENT');
    });

    test('renames files over files, and keeps what is open', async () => {
      await file('a', 'one');
      await file('b', 'two');
      const open = await fs.openRead(`${dir}/b`);
      await fs.rename(`${dir}/a`, `${dir}/b`);
      expect(await fs.readText(`${dir}/b`)).toBe('one');
      expect(await codeOf(fs.stat(`${dir}/a`))).toBe('ENOENT');
      const buffer = new Uint8Array(3);
      await open.read(buffer, 0);
      expect(Buffer.from(buffer).toString()).toBe('two');
      open.close();
      expect(await codeOf(fs.rename(`${dir}/x`, `${dir}/b`))).toBe('ENOENT');
    });

    test('renames a directory onto an empty one only', async () => {
      await folder('a');
      await file('a/one', '1');
      await folder('empty');
      await folder('full');
      await file('full/two', '2');
      // XFS says EEXIST, ext4 and others ENOTEMPTY: POSIX allows both.
      expect(await codeOf(fs.rename(`${dir}/a`, `${dir}/full`))).toMatch(/^(ENOTEMPTY|EEXIST)$/);
      await fs.rename(`${dir}/a`, `${dir}/empty`);
      expect(await fs.readText(`${dir}/empty/one`)).toBe('1');
      expect(await codeOf(fs.stat(`${dir}/a`))).toBe('ENOENT');
      await file('plain');
      expect(await codeOf(fs.rename(`${dir}/empty`, `${dir}/plain`))).toBe('ENOTDIR');
      expect(await codeOf(fs.rename(`${dir}/plain`, `${dir}/empty`))).toBe('EISDIR');
      expect(await codeOf(fs.rename(`${dir}/empty`, `${dir}/empty/inside`))).toBe('EINVAL');
    });

    test('rename between two names of one file changes nothing', async () => {
      await file('a', 'one');
      await fs.link(`${dir}/a`, `${dir}/b`);
      await fs.rename(`${dir}/a`, `${dir}/b`);
      expect(await fs.readText(`${dir}/a`)).toBe('one');
      expect(await fs.readText(`${dir}/b`)).toBe('one');
    });

    test('directories: made once, removed when empty, listed by name', async () => {
      await folder('d');
      expect(await codeOf(folder('d'))).toBe('EEXIST');
      expect(await codeOf(folder('x/y'))).toBe('ENOENT');
      await file('d/b');
      await folder('d/a');
      expect(await fs.readDirectory(`${dir}/d`)).toEqual([
        { name: 'a', kind: 'directory' },
        { name: 'b', kind: 'file' },
      ]);
      expect(await codeOf(fs.removeDirectory(`${dir}/d`))).toBe('ENOTEMPTY');
      expect(await codeOf(fs.removeDirectory(`${dir}/d/b`))).toBe('ENOTDIR');
      expect(await codeOf(fs.removeDirectory(`${dir}/x`))).toBe('ENOENT');
      expect(await codeOf(fs.readDirectory(`${dir}/x`))).toBe('ENOENT');
      expect(await codeOf(fs.readDirectory(`${dir}/d/b`))).toBe('ENOTDIR');
      await fs.removeTree(`${dir}/d`);
      await fs.removeTree(`${dir}/d`);
      expect(await codeOf(fs.stat(`${dir}/d`))).toBe('ENOENT');
    });

    test('unlinks no directory', async () => {
      await folder('d');
      expect(await codeOf(fs.unlink(`${dir}/d`))).toBe('EISDIR');
    });

    test('says what is in the way, whatever is asked for', async () => {
      await file('f');
      await folder('d');
      const path = (below: string) => `${dir}/${below}`;
      const cases: [string, Promise<unknown>][] = [
        ['EEXIST', fs.open(path('d'), 'create')],
        ['EEXIST', fs.open(path('f'), 'create')],
        ['EEXIST', folder('f')],
        ['EISDIR', fs.readText(path('d'))],
        ['EISDIR', fs.truncate(path('d'), 0)],
        ['ENOENT', fs.truncate(path('x'), 0)],
        ['ENOENT', fs.setPermissions(path('x'), 0o600)],
        ['ENOENT', fs.copyPermissions(path('x'), path('f'))],
        ['ENOENT', fs.syncDirectory(path('x'))],
        ['ENOENT', fs.readText(path('x'))],
        ['ENOENT', fs.rename(path('f'), path('x/f'))],
        ['ENOENT', fs.link(path('f'), path('x/f'))],
        ['ENOENT', fs.unlink(path('x/f'))],
        ['ENOTDIR', fs.stat(path('f/y'))],
        ['ENOTDIR', fs.unlink(path('f/y'))],
        ['ENOTDIR', folder('f/y')],
        ['ENOTDIR', fs.truncate(path('f/y'), 0)],
        ['ENOTDIR', fs.rename(path('d'), path('f/y'))],
        ['EPERM', fs.link(path('d'), path('e'))],
      ];
      const codes = await Promise.all(cases.map(([, asked]) => codeOf(asked)));
      expect(codes).toEqual(cases.map(([code]) => code));
    });

    test('a name keeps its file when it is renamed, and makes files with the permissions asked', async () => {
      const handle = await fs.open(`${dir}/a`, 'create', 0o600);
      await handle.close();
      const before = await fs.stat(`${dir}/a`);
      expect(before.mode).toBe(0o600);
      await fs.rename(`${dir}/a`, `${dir}/b`);
      const after = await fs.stat(`${dir}/b`);
      expect(after).toMatchObject({ inode: before.inode, device: before.device, links: 1 });
      await file('a');
      expect((await fs.stat(`${dir}/a`)).inode).not.toBe(before.inode);
      expect((await fs.stat(dir)).kind).toBe('directory');
    });

    test('reads nothing behind the end', async () => {
      await file('a', 'text');
      expect(await fs.readBytes(`${dir}/a`, 4, 10)).toHaveLength(0);
      expect(await fs.readBytes(`${dir}/a`, 4000, 10)).toHaveLength(0);
    });

    test('a clone goes its own way, and can be made of an open file', async () => {
      await file('a', 'content');
      const source = await fs.openRead(`${dir}/a`);
      const handle = await fs.open(`${dir}/a`, 'write');
      await fs.rename(`${dir}/a`, `${dir}/moved`);
      const code = await codeOf(source.cloneTo(`${dir}/b`));
      source.close();
      await handle.write(Buffer.from('C'), 0);
      await handle.close();
      expect(await fs.readText(`${dir}/moved`)).toBe('Content');
      if (code === undefined) expect(await fs.readText(`${dir}/b`)).toBe('content');
      else expect(await codeOf(fs.stat(`${dir}/b`))).toBe('ENOENT');
    });

    test('punching keeps the size and what is beside the hole', async () => {
      const handle = await fs.open(`${dir}/a`, 'create');
      await handle.write(new Uint8Array(65_536).fill(7), 0);
      const code = await codeOf(fs.punchHole(`${dir}/a`, 8192, 16_384));
      if (code !== 'EOPNOTSUPP') {
        expect(code).toBe(undefined);
        const bytes = await fs.readBytes(`${dir}/a`, 8191, 16_386);
        expect([bytes[0], bytes[1], bytes[16_384], bytes[16_385]]).toEqual([7, 0, 0, 7]);
        expect((await handle.stat()).sizeBytes).toBe(65_536);
        expect(await codeOf(fs.punchHole(`${dir}/x`, 0, 4096))).toBe('ENOENT');
      }
      await handle.close();
    });

    test('refuses names that are too long', async () => {
      expect(await codeOf(file('n'.repeat(300)))).toBe('ENAMETOOLONG');
    });

    test('reads small files only', async () => {
      await file('a', 'x'.repeat(11));
      expect(await codeOf(fs.readText(`${dir}/a`, 10))).toBe('EFBIG');
      expect(await fs.readText(`${dir}/a`, 11)).toHaveLength(11);
      expect(Buffer.from(await fs.readBytes(`${dir}/a`, 9, 10)).toString()).toBe('xx');
    });

    test('keeps permissions and the time of a touch', async () => {
      await file('a');
      await fs.setPermissions(`${dir}/a`, 0o444);
      expect((await fs.stat(`${dir}/a`)).mode).toBe(0o444);
      await file('b');
      await fs.copyPermissions(`${dir}/a`, `${dir}/b`);
      expect((await fs.stat(`${dir}/b`)).mode).toBe(0o444);
      const before = world.host.clock.now();
      await fs.touch(`${dir}/a`);
      expect(Math.abs((await fs.stat(`${dir}/a`)).modifiedMs - before)).toBeLessThan(60_000);
      expect(await codeOf(fs.touch(`${dir}/x`))).toBe('ENOENT');
    });

    test('syncs what is there', async () => {
      await file('a');
      await fs.sync(`${dir}/a`);
      await fs.syncDirectory(dir);
      expect(await codeOf(fs.sync(`${dir}/x`))).toBe('ENOENT');
      expect(await codeOf(fs.syncDirectory(`${dir}/a`))).toBe('ENOTDIR');
    });

    test('clones a file or leaves nothing', async () => {
      await file('a', 'content');
      const code = await codeOf(fs.clone(`${dir}/a`, `${dir}/b`));
      if (code === undefined) {
        expect(await fs.readText(`${dir}/b`)).toBe('content');
      } else {
        expect(['EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'ENOTTY']).toContain(code);
        expect(await codeOf(fs.stat(`${dir}/b`))).toBe('ENOENT');
      }
      await file('taken');
      expect(await codeOf(fs.clone(`${dir}/a`, `${dir}/taken`))).toBe('EEXIST');
      expect(await codeOf(fs.clone(`${dir}/x`, `${dir}/y`))).toBe('ENOENT');
    });

    test('reserves space without changing the size, and frees ranges', async () => {
      await file('a', 'x');
      const code = await codeOf(fs.allocate(`${dir}/a`, 1_048_576));
      if (code === 'EOPNOTSUPP') return;
      const reserved = await fs.stat(`${dir}/a`);
      expect(reserved.sizeBytes).toBe(1);
      expect(reserved.allocatedBytes).toBeGreaterThanOrEqual(1_048_576);
      await fs.punchHole(`${dir}/a`, 0, 1_048_576);
      const freed = await fs.stat(`${dir}/a`);
      expect(freed.allocatedBytes).toBeLessThan(reserved.allocatedBytes);
      expect(await fs.readText(`${dir}/a`)).toBe('\0');
    });

    test('tells the space that is left', async () => {
      const { totalBytes, availableBytes } = await fs.space(dir);
      expect(totalBytes).toBeGreaterThan(0);
      expect(availableBytes).toBeLessThanOrEqual(totalBytes);
    });
  });
}
