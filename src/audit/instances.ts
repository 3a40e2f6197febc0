/** Strays of the directories of instances. */
import type { Config } from '../config/config.ts';
import { imagePath, instanceDirectory, reservePath, templatesDirectory } from '../config/layout.ts';
import { isHostError, PlatterError } from '../errors.ts';
import { imageOperationLock, type EngineContext } from '../images/context.ts';
import { readDiskInfo } from '../images/files/disk-info.ts';
import { findImage } from '../images/find.ts';
import type { ImageFacts } from '../images/driver.ts';
import { instancesOf, novaDisk } from '../images/list.ts';
import { lookUp, templatePath } from '../templates/lookup.ts';
import { formatAddress, isName, type ImageAddress } from '../names.ts';
import type { DirectoryEntry } from '../ports/filesystem.ts';
import { areaPath, baseNameOf, isProbe, listDirectory, recordPath } from '../workspace/area.ts';
import { auditArea, recordedNames } from './private-area.ts';
import { allocatedBytes } from './space.ts';
import type { Stray } from './stray.ts';
import { orUnreadable } from './unreadable.ts';

/** What else Nova keeps beside the disks of an instance. */
const novaFile =
  /^(disk\.info|console\.log(\.\d+)?|.*\.xml|(kernel|ramdisk)(\.rescue)?|.*\.fs|swtpm.*)$/;

/** What Nova keeps beside the directories of instances. */
const novaEntry = /^(locks|snapshots|compute_nodes|compute_id|_.*)$/;

function ownEntries(config: Config): readonly string[] {
  return [templatesDirectory(config), reservePath(config)];
}

export async function auditInstances(context: EngineContext): Promise<readonly Stray[]> {
  const { host, config } = context;
  return orUnreadable(config.instancesPath, null, async () => {
    const strays: Stray[] = [];
    const instances = await instancesOf(context);
    for (const entry of await listDirectory(host.filesystem, config.instancesPath)) {
      const path = `${config.instancesPath}/${entry.name}`;
      if (instances.includes(entry.name)) {
        strays.push(...(await orUnreadable(path, null, () => auditInstance(context, entry.name))));
      } else if (isProbe(entry.name)) {
        strays.push(deadProbe(path));
      } else if (!ownEntries(config).includes(path) && !novaEntry.test(entry.name)) {
        strays.push(await unknownFile(context, path, 'it is no directory of an instance'));
      }
    }
    return strays;
  });
}

async function auditInstance(context: EngineContext, instance: string) {
  const { host, config } = context;
  const directory = instanceDirectory(config, instance);
  const entries = await listDirectory(host.filesystem, directory);
  if (entries.length === 0) return [emptyDirectory(directory)];
  const formats = await formatsOf(context, directory);
  const strays: Stray[] = [...formats.strays];
  const recorded = await recordedNames(context, directory);
  strays.push(
    ...(await auditArea(context, {
      directory,
      subject: (disk) => formatAddress({ instance, disk }),
      lock: (disk) => imageOperationLock(config, { instance, disk }),
    })),
    ...(await formatsWithoutImages(context, instance, formats.paths)),
    ...(await orphanSnapshots(context, instance, entries)),
  );
  const area = await listDirectory(host.filesystem, areaPath(directory));
  if (area.length === 0 && entries.some(({ name }) => name === '.platter')) {
    strays.push(emptyDirectory(areaPath(directory)));
  }
  for (const disk of new Set([...recorded, ...entries.map(({ name }) => name)])) {
    if (disk === '.platter') continue;
    const isRecorded = recorded.includes(disk);
    const entry = entries.find(({ name }) => name === disk);
    const isExplained = isRecorded || formats.paths.includes(`${directory}/${disk}`);
    strays.push(
      ...(await auditDisk(context, { instance, disk }, { entry, isRecorded, isExplained })),
    );
  }
  return strays;
}

async function auditDisk(
  context: EngineContext,
  address: ImageAddress,
  {
    entry,
    isRecorded,
    isExplained,
  }: { entry: DirectoryEntry | undefined; isRecorded: boolean; isExplained: boolean },
): Promise<readonly Stray[]> {
  const { host, config } = context;
  const path = imagePath(config, address);
  const subject = formatAddress(address);
  const isDisk = isExplained || novaDisk.test(address.disk);
  if (!isDisk || !isName('disk', address.disk)) {
    if (novaFile.test(address.disk)) return [];
    if (isProbe(address.disk)) return [deadProbe(path)];
    return [await unknownFile(context, path, 'neither platter nor Nova knows it')];
  }
  if (!isExplained && entry?.kind === 'file' && !novaFile.test(address.disk)) {
    return [
      {
        kind: 'orphan-disk',
        path,
        subject,
        allocatedBytes: await allocatedBytes(host.filesystem, path),
        message: 'neither a record nor disk.info knows it',
        hint: `platter image show ${subject} tells what it would be taken for`,
      },
    ];
  }
  return look(context, address, isRecorded);
}

/** An image that is known: it has to be there, and so has what it leans on. */
async function look(
  context: EngineContext,
  address: ImageAddress,
  isRecorded: boolean,
): Promise<readonly Stray[]> {
  const path = imagePath(context.config, address);
  const subject = formatAddress(address);
  const find = async (): Promise<readonly Stray[]> => {
    const image = await findImage(context, address);
    if (image === undefined) return isRecorded ? [recordWithoutImage(path, subject)] : [];
    const { backing, allocatedBytes: bytes } = image.facts;
    if (backing === null || !backing.startsWith('/')) return [];
    if (await exists(context, backing)) return otherTemplate(context, image.facts, backing);
    return [
      {
        kind: 'disk-without-template',
        path,
        subject,
        allocatedBytes: bytes,
        message: `it leans on ${backing}, which is not there`,
        hint: `bring the file back as it was: platter template add ${baseNameOf(backing)} SOURCE`,
      },
    ];
  };
  return orUnreadable(path, subject, find, (error) =>
    isRecorded && isOfRecord(context, address, error) ? 'damaged-record' : 'unreadable',
  );
}

/** The template that is there has another content than the one that the disk was made of. */
async function otherTemplate(
  { host, config }: EngineContext,
  { address, path, template, templateSha256 = null, allocatedBytes: bytes }: ImageFacts,
  backing: string,
): Promise<readonly Stray[]> {
  if (template === null || templateSha256 === null) return [];
  if (backing !== templatePath(config, template)) return [];
  // Of a record that cannot be read the templates tell.
  const found = await lookUp(host, config, template).catch(() => undefined);
  if (found?.state !== 'present' || found.template.sha256 === templateSha256) return [];
  return [
    {
      kind: 'disk-of-other-template',
      path,
      subject: formatAddress(address),
      allocatedBytes: bytes,
      message: `the template "${template}" is not the one that it was made of (SHA-256 ${templateSha256})`,
      hint: 'put the file back that the template was: what the disk reads of it is not its content',
    },
  ];
}

/** A record that cannot be read says where it is; whatever else fails is about the disk. */
function isOfRecord({ config }: EngineContext, { instance, disk }: ImageAddress, error: Error) {
  const path = recordPath(instanceDirectory(config, instance), disk);
  return PlatterError.is(error) && error.details['path'] === path;
}

function recordWithoutImage(path: string, subject: string): Stray {
  return {
    kind: 'record-without-image',
    path,
    subject,
    allocatedBytes: null,
    message: 'it is recorded, and not there',
    hint: 'platter recover forgets it',
  };
}

async function exists({ host }: EngineContext, path: string): Promise<boolean> {
  try {
    await host.filesystem.stat(path);
    return true;
  } catch (error) {
    if (isHostError(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

async function formatsOf(
  { host }: EngineContext,
  directory: string,
): Promise<{ readonly paths: readonly string[]; readonly strays: readonly Stray[] }> {
  try {
    return { paths: Object.keys(await readDiskInfo(host.filesystem, directory)), strays: [] };
  } catch (error) {
    if (!PlatterError.is(error)) throw error;
    const stray: Stray = {
      kind: 'damaged-record',
      path: `${directory}/disk.info`,
      subject: null,
      allocatedBytes: null,
      message: error.message,
      hint: error.hint ?? 'restore it from a backup',
    };
    return { paths: [], strays: [stray] };
  }
}

async function formatsWithoutImages(
  context: EngineContext,
  instance: string,
  paths: readonly string[],
): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for (const path of paths) {
    if (await exists(context, path)) continue;
    strays.push({
      kind: 'format-without-image',
      path,
      subject: formatAddress({ instance, disk: baseNameOf(path) }),
      allocatedBytes: null,
      message: 'disk.info knows its format, but it is not there',
      hint: 'platter recover forgets it',
    });
  }
  return strays;
}

async function orphanSnapshots(
  { host, config }: EngineContext,
  instance: string,
  entries: readonly DirectoryEntry[],
): Promise<readonly Stray[]> {
  const directory = areaPath(instanceDirectory(config, instance));
  const strays: Stray[] = [];
  for (const { name } of await listDirectory(host.filesystem, directory)) {
    if (!name.endsWith('.snapshots')) continue;
    const disk = name.slice(0, -'.snapshots'.length);
    if (entries.some((entry) => entry.name === disk)) continue;
    const path = `${directory}/${name}`;
    strays.push({
      kind: 'orphan-snapshots',
      path,
      subject: formatAddress({ instance, disk }),
      allocatedBytes: await allocatedBytes(host.filesystem, path),
      message: 'the disk that they are of is not there',
      hint: 'copy away what is wanted of them, and remove the directory',
    });
  }
  return strays;
}

async function unknownFile({ host }: EngineContext, path: string, message: string): Promise<Stray> {
  return {
    kind: 'unknown-file',
    path,
    subject: null,
    allocatedBytes: await allocatedBytes(host.filesystem, path),
    message,
    hint: 'find out who put it there',
  };
}

/** What tries out what the filesystem can goes again at once, unless it dies. */
function deadProbe(path: string): Stray {
  return {
    kind: 'interrupted-operation',
    path,
    subject: null,
    allocatedBytes: null,
    message: 'somebody who tried out the filesystem has ended without clearing up',
    hint: 'platter recover removes it',
  };
}

function emptyDirectory(path: string): Stray {
  return {
    kind: 'empty-directory',
    path,
    subject: null,
    allocatedBytes: null,
    message: 'nothing is in it',
    hint: 'platter recover removes it',
  };
}
