/** A filesystem that is frozen for a while: who makes a file there is in state D, and SIGKILL waits as well. Needs root. */
import { nodeHost } from '../../src/adapters/node-host.ts';
import { stuckToolContract } from '../contract/stuck-tool.contract.ts';
import { run } from './file-images.ts';
import { loopMount } from './loop-mount.ts';

const stuckMs = 2000;

stuckToolContract('frozen XFS', async () => {
  const { directory, dispose } = await loopMount('xfs', '400M');
  const host = nodeHost();
  await host.filesystem.createText(`${directory}/source`, 'text');
  await run('fsfreeze', ['--freeze', directory]);
  setTimeout(() => void run('fsfreeze', ['--unfreeze', directory]), stuckMs);
  const target = `${directory}/target`;
  const command = { file: 'cp', args: [`${directory}/source`, target] };
  return { host, command, stuckMs, target, dispose };
});
