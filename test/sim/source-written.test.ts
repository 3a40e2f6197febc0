/** A source file that somebody still writes to is not taken for whole, whichever way it is copied. */
import { expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import { truncateContent, writeContent } from '../../sim/volume/file-content.ts';
import { Backend } from '../../src/images/backend.ts';
import { codeOf } from '../contract/world.ts';

const MiB = 2 ** 20;
const source = '/work/source.raw';

const ways = [
  ['by a reflink', true],
  ['byte by byte', false],
] as const;
const changes = [
  ['in place', { position: MiB, sizeBytes: 4 * MiB }],
  ['at its end', { position: 4 * MiB, sizeBytes: 5 * MiB }],
  ['by cutting it', { position: 0, sizeBytes: MiB }],
] as const;

test.each(ways.flatMap((way) => changes.map((change) => [...way, ...change] as const)))(
  '%s (%s), written %s',
  async (_way, hasReflinks, _change, { position, sizeBytes }) => {
    const { host, world } = simHost({ hasReflinks });
    const { filesystem } = host;
    await filesystem.makeDirectory('/work');
    const writer = await filesystem.open(source, 'create');
    for (let at = 0; at < 4; at += 1) await writer.write(new Uint8Array(MiB).fill(7), at * MiB);
    await writer.close();
    await host.clock.sleep(1000);
    const backend = new Backend({ host, config: { instancesPath: '/work/instances' } });

    let isWritten = false;
    const onProgress = () => {
      if (isWritten) return;
      isWritten = true;
      const { volume } = world;
      const inode = volume.find(source);
      const bytes = new Uint8Array(4096).fill(8);
      const written = writeContent(volume.content(inode), position, bytes, volume.images);
      volume.setContent(inode, truncateContent(written, sizeBytes), source);
    };
    const adding = backend.templates.add('t', source, { onProgress });
    expect(await codeOf(adding)).toBe('TEMPLATE_CHANGED');
    expect(await backend.templates.list()).toEqual([]);
    await backend.templates.add('t', source);
  },
);
