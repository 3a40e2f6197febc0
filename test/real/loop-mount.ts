/** Filesystems of their own, on a file, for what depends on the filesystem. Needs root. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { run } from './file-images.ts';

export interface LoopMount {
  readonly directory: string;
  /** The file that it is on. */
  readonly device: string;
  readonly dispose: () => Promise<void>;
}

const makers = {
  xfs: { command: 'mkfs.xfs', args: ['-q', '-m', 'reflink=1'] },
  ext4: { command: 'mkfs.ext4', args: ['-q', '-F'] },
};

export async function loopMount(
  type: keyof typeof makers,
  size: string,
  options: readonly string[] = [],
): Promise<LoopMount> {
  const base = await mkdtemp(`${tmpdir()}/platter-loop-`);
  const directory = `${base}/mount`;
  await run('truncate', ['-s', size, `${base}/image`]);
  const { command, args } = makers[type];
  await run(command, [...args, `${base}/image`]);
  await mkdir(directory);
  await run('mount', ['-o', ['loop', ...options].join(','), `${base}/image`, directory]);
  return {
    directory,
    device: `${base}/image`,
    async dispose() {
      await run('umount', [directory]);
      await rm(base, { recursive: true, force: true });
    },
  };
}
