/** Small filesystems of the kernel, filled to the brim. Needs root. */
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fullFilesystemContract } from '../contract/full-filesystem.contract.ts';
import { run } from './file-images.ts';
import { realWorld } from './real-world.ts';

fullFilesystemContract('tmpfs', async () => {
  const mount = await mkdtemp(`${tmpdir()}/platter-full-`);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount]);
  const world = await realWorld(mount)();
  return {
    ...world,
    async dispose() {
      await world.dispose();
      await run('umount', [mount]);
      await rmdir(mount);
    },
  };
});
