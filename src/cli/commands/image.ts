/** `platter image …` */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { PlatterError } from '../../errors.ts';
import type { CreateImageRequest } from '../../images/making.ts';
import type { ImageChange } from '../../images/change.ts';
import type { Image } from '../../images/image.ts';
import { parseAddress, parseImageAddress, parseSnapshotAddress } from '../../names.ts';
import { parseSize } from '../../sizes.ts';
import { exists } from '../../workspace/once.ts';
import {
  action,
  parseSizeChange,
  reading,
  type CommandContext,
  type DefineCommands,
} from '../command.ts';
import { confirm } from '../confirm.ts';
import { printPlan, printResult } from '../output.ts';
import type { CommandSession } from '../session.ts';
import { describeImage, imageTable } from './image-text.ts';

export const defineImage: DefineCommands = (noun, context) => {
  defineMaking(noun, context);
  defineShowing(noun, context);
  defineChanging(noun, context);
};

interface BackendOption {
  readonly backend?: string;
}

const backendOption = ['--backend <type>', 'flat (or raw), qcow2, lvm, rbd, ploop'] as const;
const sizeOption = [
  '--size <size>',
  'such as 10G; default: the size of what it is made of',
] as const;

function defineMaking(noun: Command, context: CommandContext): void {
  noun
    .command('create')
    .description('make a disk of a template, or a blank one')
    .argument('<instance/disk>')
    .option('--template <name>', 'what it is made of')
    .option(...sizeOption)
    .option(...backendOption)
    .action(
      action(context, async (session, [text]: [string], options: BackendOption & MakeOptions) => {
        const { instance, disk } = parseImageAddress(text);
        const image = session.backend.image({ id: instance }, disk, options.backend);
        await make(session, image, { template: options.template, ...sizeOf(options) });
      }),
    );

  noun
    .command('clone')
    .description('make a disk of a snapshot of another')
    .argument('<instance/disk@snapshot>')
    .argument('<instance/disk>')
    .option(...sizeOption)
    .option(...backendOption)
    .action(
      action(
        context,
        async (session, [origin, text]: [string, string], options: BackendOption & MakeOptions) => {
          const { instance, disk } = parseImageAddress(text);
          const found = await session.backend.find(parseSnapshotAddress(origin), options.backend);
          const image = session.backend.image({ id: instance }, disk, found.type);
          await make(session, image, { snapshot: origin, ...sizeOf(options) });
        },
      ),
    );

  noun
    .command('import')
    .description('make a disk of an image file')
    .argument('<file>')
    .argument('<instance/disk>')
    .option('--format <format>', 'what the file is declared to be')
    .option(...sizeOption)
    .option(...backendOption)
    .action(
      action(
        context,
        async (session, [file, text]: [string, string], options: BackendOption & MakeOptions) => {
          const { instance, disk } = parseImageAddress(text);
          const image = session.backend.image({ id: instance }, disk, options.backend);
          const { format } = options;
          await make(session, image, { file: resolve(file), format, ...sizeOf(options) });
        },
      ),
    );
}

interface MakeOptions {
  readonly template?: string;
  readonly size?: string;
  readonly format?: string;
}

function sizeOf({ size }: MakeOptions): { sizeBytes?: number } {
  return size === undefined ? {} : { sizeBytes: parseSize(size) };
}

async function make(
  session: CommandSession,
  image: Image,
  request: CreateImageRequest,
): Promise<void> {
  if (session.dryRun) return printPlan(session, await image.planCreate(request));
  const made = await image.createImage({ ...session.operation, ...request });
  return printResult(session, made, describeImage);
}

/** A mistaken path has no disks, just as a new host has none. */
async function warnWithoutDirectory({ host, backend }: CommandSession): Promise<void> {
  const { instancesPath } = backend.config;
  if (await exists(host.filesystem, instancesPath)) return;
  const message = `there is no directory ${instancesPath}: nothing was made there yet`;
  host.events.emit({ type: 'warning', message });
}

function defineShowing(noun: Command, context: CommandContext): void {
  noun
    .command('list')
    .description('list disks, of all instances or of one')
    .argument('[instance]')
    .option(...backendOption)
    .action(
      reading(context, async (session, [instance]: [string?], { backend }: BackendOption) => {
        const images = await session.backend.list(instance, backend);
        if (images.length === 0) await warnWithoutDirectory(session);
        await printResult(session, images, imageTable);
      }),
    );

  noun
    .command('show')
    .description('show one')
    .argument('<instance/disk>')
    .option(...backendOption)
    .action(
      reading(context, async (session, [text]: [string], { backend }: BackendOption) => {
        const image = await session.backend.show(parseImageAddress(text), backend);
        await printResult(session, image, describeImage);
      }),
    );

  noun
    .command('xml')
    .description('print the <disk> element for libvirt')
    .argument('<instance/disk>')
    .option('--bus <bus>', 'virtio, scsi, sata, ide, usb', 'virtio')
    .option('--device <name>', 'such as vda', 'vda')
    .option('--cache <mode>', 'cache mode (default: as the host allows)')
    .option(...backendOption)
    .action(
      reading(
        context,
        async (
          session,
          [text]: [string],
          options: BackendOption & { bus: string; device: string; cache?: string },
        ) => {
          const image = await session.backend.find(parseImageAddress(text), options.backend);
          const { bus, device, cache } = options;
          const disk = await image.libvirtInfo({
            diskBus: bus,
            diskDev: device,
            cacheMode: cache,
          });
          await printResult(session, { xml: disk.toXml() }, ({ xml }) => xml);
        },
      ),
    );
}

function defineChanging(noun: Command, context: CommandContext): void {
  noun
    .command('resize')
    .description('grow a disk')
    .argument('<instance/disk>')
    .requiredOption('--size <size>', 'such as 20G, or +10G for so much more')
    .option(...backendOption)
    .action(
      action(
        context,
        async (session, [text]: [string], options: BackendOption & { size: string }) => {
          const change = parseSizeChange(options.size);
          await apply(session, text, options, { kind: 'resize', ...change });
        },
      ),
    );

  noun
    .command('flatten')
    .description('make a disk independent of what it leans on')
    .argument('<instance/disk>')
    .option(...backendOption)
    .action(
      action(context, async (session, [text]: [string], options: BackendOption) => {
        await apply(session, text, options, { kind: 'flatten' });
      }),
    );

  noun
    .command('export')
    .description('copy the content of a disk, or of a snapshot, into a file')
    .argument('<instance/disk[@snapshot]>')
    .argument('<file>')
    .option('--format <format>', "format of the file (default: the disk's own)")
    .option(...backendOption)
    .action(
      action(
        context,
        async (
          session,
          [text, file]: [string, string],
          options: BackendOption & { format?: string },
        ) => {
          if (file === '-') throw new PlatterError('INVALID_ARGUMENT', exportHint);
          await exportImage(session, { text, target: resolve(file), ...options });
        },
      ),
    );

  noun
    .command('delete')
    .description('remove a disk with its snapshots')
    .argument('<instance/disk>')
    .option('--wipe', 'overwrite its content first')
    .option(...backendOption)
    .action(
      action(
        context,
        async (session, [text]: [string], options: BackendOption & { wipe?: boolean }) => {
          const address = parseImageAddress(text);
          const wipe = options.wipe === true;
          if (!session.dryRun) await confirm(session, `deleting image ${text}`);
          const image = await session.backend.find(address, options.backend, { isToGo: true });
          if (session.dryRun) {
            return printPlan(session, await image.plan({ kind: 'destroy', wipe }));
          }
          await image.destroy({ ...session.operation, wipe });
          return printResult(session, { deleted: text }, () => '');
        },
      ),
    );
}

/** A change after which the image is shown. */
async function apply(
  session: CommandSession,
  text: string,
  { backend }: BackendOption,
  change: Extract<ImageChange, { kind: 'resize' | 'flatten' }>,
): Promise<void> {
  const image = await session.backend.find(parseImageAddress(text), backend);
  if (session.dryRun) return printPlan(session, await image.plan(change));
  if (change.kind === 'flatten') await image.flatten(session.operation);
  else await image.resizeImage(change.sizeBytes, { ...session.operation, ...change });
  return printResult(session, await image.info(), describeImage);
}

const exportHint =
  'a disk is exported into a file, not to standard output: ./- is a file of that name';

async function exportImage(
  session: CommandSession,
  order: { text: string; target: string; format?: string; backend?: string },
): Promise<void> {
  const { text, target, format, backend } = order;
  const { snapshot, ...address } = parseAddress(text);
  if (target === '/') throw new PlatterError('INVALID_ARGUMENT', 'a file name is missing');
  const image = await session.backend.find(address, backend);
  if (session.dryRun) {
    return printPlan(session, await image.plan({ kind: 'export', target, format, snapshot }));
  }
  await image.snapshotExtract(target, format, { ...session.operation, snapshot });
  const { sizeBytes, allocatedBytes } = await session.host.filesystem.stat(target);
  const result = { image: text, path: target, fileSizeBytes: sizeBytes, allocatedBytes };
  return printResult(session, result, ({ path }) => path);
}
