/** Real ploop disks: written and read as their images are, and merged by ploop itself to be read as a whole. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { ConfigInput } from '../../src/config/config.ts';
import { parseDescriptor } from '../../src/images/ploop/descriptor.ts';
import type { ImageWorld } from '../contract/images.contract.ts';
import { readByte, realFileImages, run } from './file-images.ts';

export function realPloopImages(config: ConfigInput = {}): () => Promise<ImageWorld> {
  return async () => {
    const world = await realFileImages(undefined, config)();
    return {
      ...world,
      async write(image, position, byte) {
        const { path } = await image.info();
        await writeInto(path, position, byte);
      },
      read: (path, format, position) =>
        format === 'ploop' ? readFrom(path, position) : readByte(path, format, position),
      async check(image) {
        const { path } = await image.info();
        await run('ploop', ['check', `${path}/DiskDescriptor.xml`]);
        await run('ploop', ['snapshot-list', `${path}/DiskDescriptor.xml`]);
        rmSync(`${path}/DiskDescriptor.xml.lck`, { force: true });
      },
    };
  };
}

export async function imagesOf(directory: string): Promise<readonly string[]> {
  const text = readFileSync(`${directory}/DiskDescriptor.xml`, 'utf8');
  const { images } = await parseDescriptor(text);
  return images.map(({ file }) => `${directory}/${file}`);
}

/** A guest writes into the image on top: whole clusters of 1 MiB, for a delta knows no others. */
export async function writeInto(directory: string, position: number, byte: number) {
  const images = await imagesOf(directory);
  const format = images.length === 1 ? 'raw' : 'parallels';
  const command = `write -P ${byte} ${position - (position % 2 ** 20)} 1M`;
  await run('qemu-io', ['-f', format, '-c', command, images.at(-1) ?? '']);
}

/** Of a copy that ploop merges; the disk stays as it is. */
export async function readFrom(directory: string, position: number): Promise<number> {
  const copy = mkdtempSync(`${tmpdir()}/platter-ploop-`);
  try {
    cpSync(directory, copy, { recursive: true });
    if ((await imagesOf(copy)).length > 1) await mergeTop(copy);
    return await readByte(`${copy}/root.hds`, 'raw', position);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Leaves out the snapshots that are not below the top: ploop merges a line, and no tree. */
async function mergeTop(copy: string): Promise<void> {
  const list = ['snapshot-list', '-H', '-o', 'uuid,parent_uuid', `${copy}/DiskDescriptor.xml`];
  const { stdout } = await run('ploop', list);
  const parents = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/) as [string, string]),
  );
  const top = '{5fbaabe3-6958-40ff-92a7-860e329aab41}';
  const line = new Set<string>();
  for (let at: string | undefined = top; at !== undefined; at = parents.get(at)) line.add(at);
  // Children first: one that is leant on is not removed, but marked.
  for (let isDone = false; !isDone;) {
    const parentsLeft = new Set(parents.values());
    const leaf = [...parents.keys()].find((guid) => !line.has(guid) && !parentsLeft.has(guid));
    isDone = leaf === undefined;
    if (leaf === undefined) continue;
    await run('ploop', ['snapshot-delete', '-u', leaf, `${copy}/DiskDescriptor.xml`]);
    parents.delete(leaf);
  }
  if ((await imagesOf(copy)).length > 1) {
    await run('ploop', ['snapshot-merge', '-A', `${copy}/DiskDescriptor.xml`]);
  }
}
