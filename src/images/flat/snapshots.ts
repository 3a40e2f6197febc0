/**
 * Snapshots of flat images: reflinked copies in the private area, `<disk>.snapshots/<number>~<name>`. The numbers give
 * their order; copies appear and go by one rename out of, or into, the workspace of the operation.
 */
import { afterwards, isHostError, PlatterError, reporting } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import { instanceDirectory } from '../../config/layout.ts';
import type { ImageAddress } from '../../names.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import {
  areaPath,
  listDirectory,
  parentOf,
  removeIfEmpty,
  snapshotsPath,
} from '../../workspace/area.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import { reflink } from '../files/copy.ts';
import { requireNotInUse } from '../files/in-use.ts';
import { describeQcow2 } from '../files/qcow2-state.ts';
import { replaceStep } from '../files/replace.ts';
import { syncNames } from '../../workspace/durable-names.ts';
import { makeOwnDirectory, renameOnce, standsAt } from '../../workspace/once.ts';

const entryPattern = /^(\d+)~(.+)$/;

interface Entry {
  readonly number: number;
  readonly name: string;
  readonly path: string;
}

async function entries(
  filesystem: Filesystem,
  config: Config,
  { instance, disk }: ImageAddress,
): Promise<readonly Entry[]> {
  const directory = snapshotsPath(instanceDirectory(config, instance), disk);
  const found: Entry[] = [];
  for (const { name } of await listDirectory(filesystem, directory)) {
    const match = entryPattern.exec(name);
    if (match?.[2] === undefined) continue;
    found.push({ number: Number(match[1]), name: match[2], path: `${directory}/${name}` });
  }
  return found.sort((a, b) => a.number - b.number);
}

export async function listSnapshots(
  filesystem: Filesystem,
  config: Config,
  address: ImageAddress,
  format: string,
): Promise<readonly SnapshotFacts[]> {
  const snapshots: SnapshotFacts[] = [];
  for (const { number, name, path } of await entries(filesystem, config, address)) {
    try {
      const createdAt = new Date((await filesystem.stat(path)).modifiedMs).toISOString();
      const sizeBytes = await sizeOf(filesystem, path, format);
      snapshots.push({ name, id: String(number), sizeBytes, createdAt });
    } catch (error) {
      // Removed since the directory was read.
      if (!isHostError(error, 'ENOENT')) throw error;
    }
  }
  return snapshots;
}

/** Snapshots of a disk that somebody has removed by hand: they are kept, and a new disk of its name must not get them. */
export async function requireNoOrphans(
  filesystem: Filesystem,
  config: Config,
  address: ImageAddress,
): Promise<void> {
  const [orphan] = await entries(filesystem, config, address);
  if (orphan === undefined) return;
  const path = parentOf(orphan.path);
  throw new PlatterError('ALREADY_EXISTS', 'snapshots of a former disk of this name are there', {
    details: { path },
    hint: `copy away what is wanted of ${path}, and remove it`,
  });
}

/** Size of the disk in a file of this format: a kept qcow2 (B040) is not as long as its disk is large. */
export async function sizeOf(
  filesystem: Filesystem,
  path: string,
  format: string,
): Promise<number> {
  if (format !== 'qcow2') return (await filesystem.stat(path)).sizeBytes;
  return (await describeQcow2(filesystem, path)).virtualSizeBytes;
}

/** Where the copy is. NOT_FOUND when it has gone meanwhile. */
export async function snapshotFile(
  filesystem: Filesystem,
  config: Config,
  address: ImageAddress,
  name: string,
): Promise<string> {
  const entry = (await entries(filesystem, config, address)).find((found) => found.name === name);
  if (entry !== undefined) return entry.path;
  throw new PlatterError('NOT_FOUND', `there is no snapshot "${name}"`);
}

export function createSnapshotSteps(
  config: Config,
  facts: ImageFacts,
  name: string,
): readonly Step[] {
  const { address } = facts;
  const directory = instanceDirectory(config, address.instance);
  const snapshots = snapshotsPath(directory, address.disk);
  return [
    notInUseStep(config, facts),
    {
      description: `reflink ${facts.path} as snapshot ${name}`,
      async run(session) {
        const { filesystem } = session.host;
        const copy = `${session.workspace.path}/snapshot`;
        await reflink(session, facts.path, copy);
        await filesystem.setPermissions(copy, 0o444);
        await filesystem.sync(copy);
        const last = (await entries(filesystem, config, address)).at(-1)?.number ?? 0;
        await makeOwnDirectory(filesystem, snapshots);
        const target = `${snapshots}/${String(last + 1).padStart(6, '0')}~${name}`;
        const isThere = standsAt(filesystem, target, await filesystem.stat(copy));
        await renameOnce(filesystem, copy, target, isThere);
        // Whether it was there already does not tell whether its name is durable.
        await syncNames(filesystem, snapshots, areaPath(directory));
      },
    },
  ];
}

export function deleteSnapshotSteps(
  config: Config,
  { address }: ImageFacts,
  { name }: SnapshotFacts,
): readonly Step[] {
  const snapshots = snapshotsPath(instanceDirectory(config, address.instance), address.disk);
  return [
    {
      description: `remove snapshot ${name}`,
      async run({ host, workspace }) {
        const { filesystem } = host;
        const path = await snapshotFile(filesystem, config, address, name);
        await renameOnce(filesystem, path, `${workspace.path}/removed-snapshot`);
        await syncNames(filesystem, snapshots);
        await afterwards(
          reporting(`remove ${snapshots}`, () => removeIfEmpty(filesystem, snapshots)),
        );
      },
    },
  ];
}

const restoredFile = 'restored';

export function restoreSnapshotSteps(
  config: Config,
  facts: ImageFacts,
  { name }: SnapshotFacts,
): readonly Step[] {
  return [
    {
      description: `reflink snapshot ${name}`,
      async run(session) {
        const { filesystem } = session.host;
        const source = await snapshotFile(filesystem, config, facts.address, name);
        // Whoever took it may have failed just there: it is not to be gone with a power cut once it was gone by.
        const { directory } = session.workspace;
        await filesystem.syncDirectory(parentOf(source), areaPath(directory));
        await reflink(session, source, `${session.workspace.path}/${restoredFile}`);
      },
    },
    replaceStep(config, { type: 'flat', facts }, restoredFile),
  ];
}

function notInUseStep(config: Config, facts: ImageFacts): Step {
  return {
    description: `make sure that nothing uses ${facts.path}`,
    run: (session: Session) => requireNotInUse(session, config, { type: 'flat', facts }),
  };
}
