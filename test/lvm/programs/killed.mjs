/**
 * Does one operation, and is killed a moment after its Nth tool was started:
 * INSTANCES_PATH LVM_JSON OPERATION N MS
 */
import { Backend, nodeHost } from '../../../dist/src/index.js';

const [instancesPath, lvm, operation, count, afterMs] = process.argv.slice(2);
const host = nodeHost();
let started = 0;
const executor = {
  run(command, options) {
    started += 1;
    if (started === Number(count)) {
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(afterMs));
    }
    return host.executor.run(command, options);
  },
};
const config = { instancesPath, lvm: JSON.parse(lvm) };
const backend = new Backend({ host: { ...host, executor }, config });
const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
if (operation === 'create') await image.createImage({ template: 't', sizeBytes: 12 * 1024 * 1024 });
if (operation === 'restore') await image.rollbackToSnap('s');
if (operation === 'destroy') await image.destroy();
if (operation === 'resize') await image.resizeImage(20 * 1024 * 1024);
