/** Does one operation of a scenario, as a program that embeds platter does it. */
import type { FetchFunction } from '../../src/ingress/source.ts';
import { parseImageAddress } from '../../src/names.ts';
import type { OperationOptions } from '../../src/operations/perform.ts';
import type { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import { simClock } from '../clock.ts';
import type { DiskStore } from '../model/disk-store.ts';
import { outsidePath } from '../model/layout.ts';
import type { SimProcess } from '../process.ts';
import type { Inode } from '../volume/inode.ts';
import type { FileContent } from '../volume/file-content.ts';
import type { World } from '../world.ts';
import { contentFromOutside, templateContent } from './contents.ts';
import { removeByHand, removeStore } from './by-hand.ts';
import { directSnapshotName, locationOf } from './image-service.ts';
import { putForeignFile } from './foreign-file.ts';
import { putTemplate } from './put-template.ts';
import { runGuest } from './guest.ts';
import { importPath } from './setting.ts';
import { replaceOnWeb, webAddress } from './web.ts';
import { templateNamed, type OperationSpec, type Scenario } from './scenario.ts';

export interface Performer {
  readonly world: World;
  readonly process: SimProcess;
  readonly backend: Backend;
  readonly scenario: Scenario;
  readonly store: DiskStore;
  /** Disks that machines have open. */
  readonly guests: Map<Inode, number>;
  /** Whether nobody works on an image. */
  readonly isIdle: (address: string) => boolean;
  /** Makes the names of exported files differ. */
  readonly number: number;
}

export async function performOperation(
  performer: Performer,
  spec: OperationSpec,
  options: OperationOptions,
): Promise<unknown> {
  const { backend } = performer;
  const { kind, subject, other = '' } = spec;
  switch (kind) {
    case 'add template':
      return backend.templates.add(subject, sourceOf(performer, spec), options);
    case 'delete template':
      return backend.templates.delete(subject, options);
    case 'verify template':
      return backend.templates.verify(subject, options);
    case 'prune':
      return backend.templates.prune({ ...options, unusedForSeconds: 0 });
    case 'recover':
      return backend.recover(options);
    case 'list':
      await backend.templates.list();
      return backend.list();
    case 'guest write':
      return runGuest(performer, spec);
    case 'foreign file':
      return putForeignFile(performer, subject);
    case 'put template':
      return putTemplate(performer, subject);
    case 'replace on web':
      return replaceOnWeb(performer, subject);
    case 'remove store':
      return removeStore(performer);
    case 'remove by hand':
      return removeByHand(performer, spec);
    default:
      return performOnImage(performer, { ...spec, other }, options);
  }
}

async function performOnImage(
  performer: Performer,
  spec: OperationSpec & { other: string },
  options: OperationOptions,
): Promise<unknown> {
  const { kind, subject, other, sizeBytes } = spec;
  const image = imageOf(performer, subject);
  switch (kind) {
    case 'cache':
      return image.cache({
        ...options,
        template: other,
        fetch: fetcher(performer, other),
        sizeBytes,
      });
    case 'create blank':
      return image.createImage({ ...options, sizeBytes });
    case 'create generated':
      return image.createImage({ ...options, prepare: generator(performer, spec), sizeBytes });
    case 'import': {
      // Nobody says of a hostile file what it is: then its own header would decide.
      const format = spec.isHostile === true ? undefined : 'raw';
      return image.createImage({ ...options, file: importPath(spec), format, sizeBytes });
    }
    case 'import file':
      return image.importFile(importPath(spec), subject.split('/')[1] ?? '', options);
    case 'clone':
      return image.createImage({ ...options, snapshot: other, sizeBytes });
    case 'clone image':
      return image.clone(locationOf(performer.world, other) ?? other, options);
    case 'direct snapshot':
      return image.directSnapshot(directSnapshotName, other, options);
    case 'clean up image': {
      const location = locationOf(performer.world, other);
      return image.cleanupDirectSnapshot(location, { ...options, destroy: true });
    }
    case 'resize':
      return image.resizeImage(sizeBytes ?? 0, options);
    case 'flatten':
      return image.flatten(options);
    case 'create snapshot':
      return image.createSnap(other, options);
    case 'restore snapshot':
      return image.rollbackToSnap(other, options);
    case 'delete snapshot':
      return image.removeSnap(other, options);
    case 'export': {
      const target = `${outsidePath}/export-${performer.number}`;
      const snapshot = other === '' ? undefined : other;
      // As Nova finds it: by the path that libvirt has.
      const id = subject.split('/')[0] ?? '';
      const found = performer.backend.snapshot({ id }, image.path, performer.scenario.backend);
      return found.snapshotExtract(target, 'raw', { ...options, snapshot });
    }
    case 'destroy':
      return image.destroy({ ...options, wipe: spec.wipe === true });
    default:
      return image.info();
  }
}

function imageOf({ backend, scenario }: Performer, address: string): Image {
  const { instance, disk } = parseImageAddress(address);
  return backend.image({ id: instance }, disk, scenario.backend);
}

function sourceOf(
  performer: Performer,
  { subject, other = '' }: OperationSpec,
): FetchFunction | string {
  const isOnWeb = templateNamed(performer.scenario, subject)?.isOnWeb;
  return isOnWeb === true ? webAddress(subject) + other : fetcher(performer, subject);
}

/** Fetching takes its time, and a process that dies half-way leaves half of it. */
function fetcher(performer: Performer, name: string): FetchFunction {
  const { world, process, scenario } = performer;
  return async (target, { signal }) => {
    const template = templateNamed(scenario, name);
    if (template === undefined) throw new Error(`no template ${name} in the scenario`);
    const content = () => templateContent(template);
    try {
      await deliver(performer, target, { content, takesMs: template.fetchMs, signal });
    } finally {
      await world.call(process, 'fetch.end', name, () => {});
    }
  };
}

function generator(performer: Performer, spec: OperationSpec): FetchFunction {
  const content = () => contentFromOutside(spec);
  return (target, { signal }) => deliver(performer, target, { content, takesMs: 10, signal });
}

interface Delivery {
  readonly content: () => FileContent;
  readonly takesMs: number;
  readonly signal: AbortSignal;
}

async function deliver(
  { world, process }: Performer,
  target: string,
  { content, takesMs, signal }: Delivery,
): Promise<void> {
  const { volume } = world;
  await world.call(process, 'fetch.begin', target, () => {
    volume.create(target, 'file', 0o644, '');
  });
  await simClock(world, process).sleep(takesMs, signal);
  await world.call(process, 'fetch.write', target, () => {
    volume.setContent(volume.find(target), content(), target);
  });
}
