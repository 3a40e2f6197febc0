/** Tool processes that creating a disk starts, once its template is in the cluster (CONTRACT section 9). */
import { expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import type { Command } from '../../src/ports/executor.ts';
import { simRbdImages } from './rbd-world.ts';

const MiB = 2 ** 20;

test('a disk of a template that is in the cluster takes two processes, a larger one three', async () => {
  const world = await simRbdImages()();
  const commands: Command[] = [];
  const executor: typeof world.host.executor = {
    run(command, options) {
      commands.push(command);
      return world.host.executor.run(command, options);
    },
  };
  const host = { ...world.host, executor };
  const backend = new Backend({ host, config: world.config });
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
  await backend.image({ id: 'vm1' }, 'disk', 'rbd').createImage({ template: 't' });
  commands.length = 0;
  await backend.image({ id: 'vm2' }, 'disk', 'rbd').createImage({ template: 't' });
  expect(commands.map(({ args }) => args[2])).toEqual(['clone', 'rename']);
  commands.length = 0;
  await backend
    .image({ id: 'vm3' }, 'disk', 'rbd')
    .createImage({ template: 't', sizeBytes: 16 * MiB });
  expect(commands.map(({ args }) => args[2])).toEqual(['clone', 'resize', 'rename']);
});
