/** Lists images: those that records, disk.info and the names of files tell of, on every backend that can be reached. */
import type { ImageType } from '../config/config.ts';
import { instanceDirectory } from '../config/layout.ts';
import { isHostError, PlatterError, toPlatterError } from '../errors.ts';
import { formatAddress, isName, type ImageAddress } from '../names.ts';
import { areaPath, listDirectories, listDirectory } from '../workspace/area.ts';
import type { EngineContext } from './context.ts';
import { describeImage, type ImageDescription } from './describe.ts';
import { readDiskInfo } from './files/disk-info.ts';
import { findImage } from './find.ts';

/** Names that Nova gives to disks: a file of another name is a disk only where something records it. */
export const novaDisk = /^(disk|disk\..+|kernel|ramdisk)$/;

/** With `only`, those of one backend: then it has to answer. */
export async function listImages(
  context: EngineContext,
  instance: string | undefined,
  only: ImageType | undefined,
): Promise<readonly ImageDescription[]> {
  const descriptions: ImageDescription[] = [];
  const stored = await storedImages(context, only);
  const known = instance === undefined ? await instancesOf(context) : [instance];
  const others = instance === undefined ? stored.map((address) => address.instance) : [];
  for (const id of [...new Set([...known, ...others])].sort()) {
    const disks = await orWarn(context, id, () => disksOf(context, id), []);
    const more = stored.filter((address) => address.instance === id).map(({ disk }) => disk);
    for (const disk of [...new Set([...disks, ...more])].sort()) {
      const address = { instance: id, disk };
      const found = await orWarn(
        context,
        formatAddress(address),
        () => findImage(context, address),
        undefined,
      );
      const isAsked = only === undefined || found?.driver.type === only;
      if (found !== undefined && isAsked) descriptions.push(describeImage(found));
    }
  }
  return descriptions;
}

/** What backends hold of which no file tells. */
async function storedImages(
  context: EngineContext,
  only: ImageType | undefined,
): Promise<readonly ImageAddress[]> {
  if (only !== undefined) return context.drivers.get(only).list();
  const stored: ImageAddress[] = [];
  for (const driver of context.drivers.all()) {
    stored.push(...(await orWarn(context, `${driver.type} images`, () => driver.list(), [])));
  }
  return stored;
}

/** One that is damaged, or belongs to somebody else, must not hide the others; showing it tells what is wrong. */
async function orWarn<Value>(
  { host }: EngineContext,
  what: string,
  read: () => Promise<Value>,
  instead: Value,
): Promise<Value> {
  try {
    return await read();
  } catch (thrown) {
    const isDenied = isHostError(thrown, 'EACCES', 'EPERM');
    const error = isDenied ? toPlatterError(thrown, `read ${thrown.path ?? what}`) : thrown;
    if (!PlatterError.is(error)) throw error;
    host.events.emit({ type: 'warning', message: `${what}: ${error.message}` });
    return instead;
  }
}

/** Names of the directories of instances. */
export async function instancesOf({ host, config }: EngineContext): Promise<readonly string[]> {
  const names = await listDirectories(host.filesystem, config.instancesPath);
  const isInstance = (name: string) => name !== config.imageCache.subdirectoryName;
  return names.filter((name) => isName('instance', name) && isInstance(name));
}

/** Sorted names of what may be disks of the instance. */
async function disksOf(context: EngineContext, instance: string) {
  const { config } = context;
  const { filesystem } = context.host;
  const directory = instanceDirectory(config, instance);
  const disks = new Set<string>();
  for (const { name } of await listDirectory(filesystem, areaPath(directory))) {
    if (name.endsWith('.record')) disks.add(name.slice(0, -'.record'.length));
  }
  // A damaged one hides only what nothing else tells of.
  const formats = await orWarn(context, instance, () => readDiskInfo(filesystem, directory), {});
  for (const { name, kind } of await listDirectory(filesystem, directory)) {
    const isKnown = novaDisk.test(name) || `${directory}/${name}` in formats;
    // A ploop disk is a directory.
    const isDisk = kind === 'file' || (kind === 'directory' && novaDisk.test(name));
    if (isDisk && isKnown) disks.add(name);
  }
  return [...disks].filter((name) => isName('disk', name)).sort();
}
