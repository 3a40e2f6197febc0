/** `rbd info`, `ls`, `status` and `du`. Recorded in fixtures/rbd-16.2/basics.json and clones.json. */
import { allocatedIn } from '../../cluster/space.ts';
import type { ClusterImage, ClusterSnapshot } from '../../cluster/image.ts';
import { imageNamed, type Namespace } from '../../cluster/namespace.ts';
import type { RawContent } from '../../volume/content.ts';
import { success, type ToolResult } from '../program.ts';
import { anySpec, imageSpec, type RbdArguments, type Shape } from './arguments.ts';
import { codeOf, errnoWords, failed, refused, RbdFailure } from './failure.ts';
import { openImage, requireSnapshot } from './open.ts';
import { ctime, parentJson } from './output.ts';
import {
  connect,
  findNamespace,
  read,
  type RbdContext,
  type Session,
  type Steps,
} from './session.ts';

export const infoShape: Shape = { words: 1, values: ['snap'] };

export function* info(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = anySpec(args, args.words[0] ?? args.values.get('image'));
  const session = yield* connect(context, args);
  const open = yield* openImage(session, spec, 'read');
  const { image, name } = open;
  const snapshot = spec.snapshot === undefined ? undefined : requireSnapshot(open, spec.snapshot);
  const json = JSON.stringify(infoJson(name, image, snapshot));
  return success(args.values.get('format') === 'json' ? `${json}\n` : infoText(name, image));
}

function infoJson(name: string, image: ClusterImage, snapshot: ClusterSnapshot | undefined) {
  const size = (snapshot?.content ?? image.content).sizeBytes;
  const parent = parentJson(image);
  return {
    name,
    id: image.id,
    size,
    objects: Math.ceil(size / image.objectBytes),
    order: Math.log2(image.objectBytes),
    object_size: image.objectBytes,
    snapshot_count: image.snapshots.length,
    block_name_prefix: `rbd_data.${image.id}`,
    format: 2,
    features: image.features,
    op_features: [],
    flags: [],
    create_timestamp: ctime(image.createdMs),
    access_timestamp: ctime(image.createdMs),
    modify_timestamp: ctime(image.modifiedMs),
    ...(snapshot === undefined ? {} : { protected: String(snapshot.protection === 'protected') }),
    ...(parent === undefined ? {} : { parent }),
  };
}

/** For sizes that are whole mebibytes, as people see them. */
function infoText(name: string, image: ClusterImage): string {
  const { sizeBytes } = image.content;
  const lines = [
    `rbd image '${name}':`,
    `\tsize ${sizeBytes / 2 ** 20} MiB in ${Math.ceil(sizeBytes / image.objectBytes)} objects`,
    `\torder ${Math.log2(image.objectBytes)} (${image.objectBytes / 2 ** 20} MiB objects)`,
    `\tsnapshot_count: ${image.snapshots.length}`,
    `\tid: ${image.id}`,
    `\tblock_name_prefix: rbd_data.${image.id}`,
    '\tformat: 2',
    `\tfeatures: ${image.features.join(', ')}`,
    '\top_features: ',
    '\tflags: ',
    `\tcreate_timestamp: ${ctime(image.createdMs)}`,
    `\taccess_timestamp: ${ctime(image.createdMs)}`,
    `\tmodify_timestamp: ${ctime(image.modifiedMs)}`,
  ];
  return `${lines.join('\n')}\n`;
}

export const listShape: Shape = { words: 1, flags: ['long'] };

const listingFailed = 'listing images failed';

export function* list(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const [pool = args.pool, name = args.values.get('namespace') ?? ''] =
    args.words[0]?.split('/') ?? [];
  const session = yield* connect(context, args, [listingFailed]);
  const namespace = openListed(session, { pool, namespace: name });
  const step = { name: 'list images', subject: `${pool}/${name}` };
  let names: readonly string[];
  try {
    names = yield* read(session, step, () => listed(namespace));
  } catch (error) {
    const code = codeOf(error);
    throw code === undefined ? error : failed(code, listingFailed);
  }
  const isJson = args.values.get('format') === 'json';
  if (!args.flags.has('long')) {
    return success(isJson ? `${JSON.stringify(names)}\n` : names.map((one) => `${one}\n`).join(''));
  }
  return listLong(namespace, names);
}

/** Also what is half removed, at the end, and then by its name once more. */
function listed({ directory, trash }: Namespace): readonly string[] {
  const removing = [...trash.values()].filter(({ source }) => source === 'removing');
  return [...[...directory.keys()].sort(), ...removing.map(({ name }) => name)];
}

function openListed(
  session: Session,
  spec: { pool: string | undefined; namespace: string },
): Namespace {
  try {
    return findNamespace(session, spec);
  } catch (error) {
    if (!(error instanceof RbdFailure)) throw error;
    const { exitCode, stderr } = error.result;
    throw new RbdFailure(exitCode, `${stderr}rbd: ${listingFailed}: ${errnoWords('ENOENT')}`);
  }
}

/** A name without an image behind it makes the whole command fail, at the end. */
function listLong(namespace: Namespace, names: readonly string[]): ToolResult {
  const found: unknown[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const image = imageNamed(namespace, name);
    if (image === undefined) {
      missing.push(`rbd: error opening ${name}: ${errnoWords('ENOENT')}\n`);
      continue;
    }
    const parent = parentJson(image);
    const shown =
      parent === undefined
        ? {}
        : {
            parent: {
              pool: parent.pool,
              pool_namespace: parent.pool_namespace,
              image: parent.image,
              snapshot: parent.snapshot,
            },
          };
    const locked = image.lock === undefined ? {} : { lock_type: 'exclusive' };
    const size = image.content.sizeBytes;
    found.push({ image: name, id: image.id, size, ...shown, format: 2, ...locked });
    for (const { id, name: snapshot, content, protection } of image.snapshots) {
      found.push({
        image: name,
        id: image.id,
        snapshot,
        snapshot_id: id,
        size: content.sizeBytes,
        ...shown,
        format: 2,
        protected: String(protection === 'protected'),
      });
    }
  }
  const stdout = `${JSON.stringify(found)}\n`;
  if (missing.length === 0) return success(stdout);
  const stderr = `${missing.join('')}rbd: ${listingFailed}: ${errnoWords('ENOENT')}\n`;
  return { exitCode: 2, stdout, stderr };
}

export function* status(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  const { image } = yield* openImage(session, spec, 'read');
  const watchers = session.cluster.watchersOf(image);
  if (args.values.get('format') === 'json') {
    const found = watchers.map(({ address, number }) => ({
      address,
      client: number,
      cookie: number * 2 ** 20,
    }));
    return success(`${JSON.stringify({ watchers: found })}\n`);
  }
  const lines = watchers.map(
    ({ address, number }) => `\twatcher=${address} client.${number} cookie=${number * 2 ** 20}\n`,
  );
  return success(lines.length === 0 ? 'Watchers: none\n' : `Watchers:\n${lines.join('')}`);
}

export function* diskUsage(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  const namespace = findNamespace(session, spec);
  const step = { name: 'open image', subject: spec.image };
  const image = yield* read(session, step, () => imageNamed(namespace, spec.image));
  if (image === undefined) {
    throw refused(
      'ENOENT',
      `specified image ${spec.image} is not found.`,
      'rbd: du failed: (2) No such file or directory',
    );
  }
  const base = { name: spec.image, id: image.id };
  let before: RawContent | undefined;
  const rows: object[] = [];
  let total = 0;
  for (const { id, name, content } of image.snapshots) {
    const used = allocatedIn(image, content, before);
    rows.push({
      ...base,
      snapshot: name,
      snapshot_id: id,
      provisioned_size: content.sizeBytes,
      used_size: used,
    });
    total += used;
    before = content;
  }
  const used = allocatedIn(image, image.content, before);
  const { sizeBytes } = image.content;
  rows.push({ ...base, provisioned_size: sizeBytes, used_size: used });
  const sums =
    rows.length === 1 ? {} : { total_provisioned_size: sizeBytes, total_used_size: total + used };
  return success(`${JSON.stringify({ images: rows, ...sums })}\n`);
}
