/** One of several processes that make disks of one template that is not there yet: INSTANCES_PATH ID TYPE SOURCE LOG. */
import { appendFile, copyFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backend, nodeHost } from '../../../dist/src/index.js';

const [instancesPath, id, type, source, log] = process.argv.slice(2);
const backend = new Backend({ host: nodeHost(), config: { instancesPath } });
await backend.image({ id }, 'disk', type).cache({
  template: 'cold',
  sizeBytes: 64 * 1024 * 1024,
  async fetch(target) {
    await appendFile(log, `${process.pid}\n`);
    await sleep(2000);
    await copyFile(source, target);
  },
});
