/** The built command, against the start of Node itself. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Backend, nodeHost } from '../../src/index.ts';
import type { Comparison } from './comparison.ts';

const run = promisify(execFile);

export async function commandComparisons(parent: string): Promise<readonly Comparison[]> {
  const instancesPath = `${parent}/command`;
  const backend = new Backend({ host: nodeHost(), config: { instancesPath } });
  await backend.image({ id: 'vm1' }, 'disk').createImage({ sizeBytes: 1024 ** 3 });
  const args = ['dist/cli/main.js', '--instances-path', instancesPath, 'image', 'show', 'vm1/disk'];
  return [
    {
      name: 'image show, as a command',
      limit: 1.6,
      bare: () => run('node', ['-e', '0']),
      ours: () => run('node', [...args, '--json']),
      reset: () => Promise.resolve(),
    },
  ];
}
