/**
 * Somebody's own program that embeds platter: it provisions virtual machines. In a project of its own the imports below
 * are from 'platter'.
 *
 * It takes a host, and does everything through it. That is all that it takes to be tested on a simulated one.
 */
import { Backend, PlatterError, type Host } from '../../src/index.ts';

const MiB = 1024 * 1024;

const systemBytes = 20 * MiB;
const dataBytes = 8 * MiB;

const definitionPath = (vm: string) => `/vms/${vm}/machine.json`;

function backendOn(host: Host): Backend {
  return new Backend({ host, config: { instancesPath: '/vms' } });
}

/** Where templates come from. A real one would download: here it is 4 MiB with something at its start. */
async function fetchTemplate(host: Host, target: string): Promise<void> {
  const file = await host.filesystem.open(target, 'create');
  await file.truncate(4 * MiB);
  await file.write(new Uint8Array(4096).fill(0x42), 0);
  await file.close();
}

function definition(vm: string): string {
  return JSON.stringify({ name: vm, disks: ['system', 'data'] });
}

function makeSystemDisk(host: Host, vm: string) {
  const fetch = (target: string) => fetchTemplate(host, target);
  const image = backendOn(host).image({ id: vm }, 'system', 'qcow2');
  // Fetches the template once, whoever asks; leaves a disk alone that is there.
  return image.cache({ template: 'base', fetch, sizeBytes: systemBytes });
}

/** The first version. It works, as long as nothing ever goes wrong. */
export async function provisionCarelessly(host: Host, vm: string): Promise<void> {
  await makeSystemDisk(host, vm);
  await host.filesystem.createText(definitionPath(vm), definition(vm));
  await backendOn(host).image({ id: vm }, 'data', 'qcow2').createImage({ sizeBytes: dataBytes });
}

/** The version that can be run again after whatever happened, and then finishes the work. */
export async function provision(host: Host, vm: string): Promise<void> {
  await makeSystemDisk(host, vm);
  const data = backendOn(host).image({ id: vm }, 'data', 'qcow2');
  try {
    await data.createImage({ sizeBytes: dataBytes });
  } catch (error) {
    // Made by an attempt that died afterwards. It is whole: disks appear whole or not at all.
    if (!PlatterError.is(error) || error.code !== 'ALREADY_EXISTS') throw error;
  }
  // Last, for a machine that is defined has all of its disks; and as a whole, by a rename.
  const draft = `${definitionPath(vm)}.draft`;
  await host.filesystem.removeTree(draft);
  await host.filesystem.createText(draft, definition(vm));
  await host.filesystem.rename(draft, definitionPath(vm));
  await host.filesystem.syncDirectory(`/vms/${vm}`);
}

/** Undefined when the machine is not defined; throws when it is, and something of it is missing or wrong. */
export async function inspectMachine(host: Host, vm: string): Promise<'whole' | undefined> {
  const files = await host.filesystem.readDirectory(`/vms/${vm}`).catch(() => []);
  if (!files.some(({ name }) => name === 'machine.json')) return undefined;
  const { disks } = JSON.parse(await host.filesystem.readText(definitionPath(vm))) as {
    disks: readonly string[];
  };
  const sizes = await Promise.all(
    disks.map(async (disk) => {
      return (await backendOn(host).image({ id: vm }, disk, 'qcow2').info()).virtualSizeBytes;
    }),
  );
  if (sizes[0] !== systemBytes || sizes[1] !== dataBytes) throw new Error('a disk is wrong');
  return 'whole';
}
