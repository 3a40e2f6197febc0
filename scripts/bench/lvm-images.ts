/** LVM thin volumes with a warm template, in this process: only in the VM (scripts/lab/lvm run -- npm run bench). */
import { execFile, execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { promisify } from 'node:util';
import { Backend, nodeHost } from '../../src/index.ts';
import type { Comparison } from './comparison.ts';

const run = promisify(execFile);
const MiB = 1024 * 1024;
const group = 'bench';
const pool = 'pool';

export async function lvmComparisons(parent: string): Promise<readonly Comparison[]> {
  const directory = `${parent}/lvm`;
  await fs.mkdir(directory);
  const source = `${directory}/source.raw`;
  execFileSync('truncate', ['-s', '64M', source]);
  execFileSync('vgcreate', ['-q', group, '/dev/vda']);
  execFileSync('lvcreate', ['-q', '-y', '--type', 'thin-pool', '-L', '1G', '-n', pool, group]);
  const config = {
    instancesPath: `${directory}/instances`,
    lvm: { volumeGroup: group, thinPool: pool },
  };
  const backend = new Backend({ host: nodeHost(), config });
  await backend.templates.add('t', source);
  await backend.image({ id: 'first' }, 'disk', 'lvm').createImage({ template: 't' });
  const { stdout } = await run('lvs', ['--noheadings', '-o', 'lv_name', group]);
  const names = stdout.split('\n').map((line) => line.trim());
  const template = names.find((name) => name !== '' && name !== pool && name !== 'first_disk');
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');

  const comparison = (name: string, sizeBytes?: number): Comparison => ({
    name,
    limit: 1.3,
    async bare() {
      const options = ['-q', '-y', '-s', '-kn', '-n', 'part'];
      await run('lvcreate', [...options, `${group}/${template}`]);
      if (sizeBytes !== undefined) {
        await run('lvextend', ['-q', '-L', `${sizeBytes}b`, `${group}/part`]);
      }
      await run('lvrename', ['-q', group, 'part', 'bare']);
    },
    ours: () =>
      image.createImage({ template: 't', ...(sizeBytes === undefined ? {} : { sizeBytes }) }),
    async reset() {
      await run('lvremove', ['-q', '-y', `${group}/bare`]);
      await image.destroy();
    },
  });
  return [
    comparison('lvm thin create, same size'),
    comparison('lvm thin create, larger', 128 * MiB),
  ];
}
