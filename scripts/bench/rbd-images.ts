/** Ceph RBD with a warm template, in this process: only where a cluster is given (scripts/lab/ceph run -- npm run bench). */
import { execFile, execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { promisify } from 'node:util';
import { Backend, nodeHost } from '../../src/index.ts';
import type { Comparison } from './comparison.ts';

const run = promisify(execFile);
const MiB = 1024 * 1024;
const pool = 'vms';

export async function rbdComparisons(
  parent: string,
  cephConf: string,
): Promise<readonly Comparison[]> {
  const directory = `${parent}/rbd`;
  await fs.mkdir(directory);
  const source = `${directory}/source.raw`;
  execFileSync('qemu-img', ['create', '-q', '-f', 'raw', source, '64M']);
  const config = { instancesPath: `${directory}/instances`, rbd: { pool, cephConf } };
  const backend = new Backend({ host: nodeHost(), config });
  await backend.templates.add('bench', source);
  const first = await backend
    .image({ id: 'first' }, 'disk', 'rbd')
    .createImage({ template: 'bench' });
  const template = first.backing ?? '';
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  const rbd = (...args: string[]) => run('rbd', ['--conf', cephConf, ...args]);

  const comparison = (name: string, sizeBytes?: number): Comparison => ({
    name,
    limit: 1.3,
    async bare() {
      await rbd('clone', template, `${pool}/bare.part`);
      if (sizeBytes !== undefined) {
        await rbd('resize', '--no-progress', `${pool}/bare.part`, '--size', `${sizeBytes}B`);
      }
      await rbd('rename', `${pool}/bare.part`, `${pool}/bare`);
    },
    ours: () =>
      image.createImage({ template: 'bench', ...(sizeBytes === undefined ? {} : { sizeBytes }) }),
    async reset() {
      await rbd('rm', '--no-progress', `${pool}/bare`);
      await image.destroy();
    },
  });
  return [comparison('rbd create, same size'), comparison('rbd create, larger', 128 * MiB)];
}
