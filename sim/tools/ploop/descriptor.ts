/** DiskDescriptor.xml as ploop 1.15 reads and writes it: what it does not know, such as names of snapshots, it leaves out. */

export const topGuid = '{5fbaabe3-6958-40ff-92a7-860e329aab41}';
const noGuid = '{00000000-0000-0000-0000-000000000000}';

interface Shot {
  readonly guid: string;
  readonly parent: string;
  readonly isTemporary: boolean;
}

export interface SimDescriptor {
  readonly sectors: number;
  readonly type: string;
  /** Names of files, by the snapshots whose content they end. */
  readonly files: ReadonlyMap<string, string>;
  readonly shots: readonly Shot[];
}

/** Undefined where it is none. */
export function readDescriptor(text: string): SimDescriptor | undefined {
  const sectors = Number(/<Disk_size>(\d+)</.exec(text)?.[1] ?? Number.NaN);
  const files = new Map<string, string>();
  for (const [, image = ''] of text.matchAll(/<Image>(.*?)<\/Image>/gs)) {
    files.set(field(image, 'GUID'), field(image, 'File'));
  }
  const shots = [...text.matchAll(/<Shot>(.*?)<\/Shot>/gs)].map(([, shot = '']) => ({
    guid: field(shot, 'GUID'),
    parent: field(shot, 'ParentGUID'),
    isTemporary: shot.includes('<Temporary/>'),
  }));
  const isWhole = /<\/Parallels_disk_image>\s*$/.test(text) && files.has(topGuid);
  return isWhole && Number.isSafeInteger(sectors)
    ? { sectors, type: field(text, 'Type'), files, shots }
    : undefined;
}

function field(text: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? '';
}

export function formatDescriptor({ sectors, type, files, shots }: SimDescriptor): string {
  const images = [...files].map(
    ([guid, file]) => `<Image><GUID>${guid}</GUID><Type>${type}</Type><File>${file}</File></Image>`,
  );
  const lines = shots.map(
    ({ guid, parent, isTemporary }) =>
      `<Shot><GUID>${guid}</GUID><ParentGUID>${parent}</ParentGUID>${isTemporary ? '<Temporary/>' : ''}</Shot>`,
  );
  return [
    '<?xml version="1.0"?>\n<Parallels_disk_image><Disk_Parameters>',
    `<Disk_size>${sectors}</Disk_size><Padding>0</Padding></Disk_Parameters>`,
    `<StorageData><Storage><Start>0</Start><End>${sectors}</End><Blocksize>2048</Blocksize>`,
    ...images,
    `</Storage></StorageData><Snapshots><TopGUID>${topGuid}</TopGUID>`,
    ...lines,
    '</Snapshots></Parallels_disk_image>\n',
  ].join('');
}

export function childrenOf({ shots }: SimDescriptor, guid: string): readonly string[] {
  return shots.filter(({ parent }) => parent === guid).map((shot) => shot.guid);
}

/** What the disk is now becomes the snapshot, and a new file its top. */
export function withSnapshot(before: SimDescriptor, guid: string, file: string): SimDescriptor {
  const renamed = (one: string) => (one === topGuid ? guid : one);
  const files = new Map([...before.files].map(([one, name]) => [renamed(one), name]));
  const shots = before.shots.map((shot) => ({ ...shot, guid: renamed(shot.guid) }));
  return {
    ...before,
    files: files.set(topGuid, file),
    shots: [...shots, { guid: topGuid, parent: guid, isTemporary: false }],
  };
}

/** A new file over the snapshot is the top; the old one is nobody's. */
export function withTopOn(before: SimDescriptor, guid: string, file: string): SimDescriptor {
  const shots = before.shots.filter((shot) => shot.guid !== topGuid);
  return {
    ...before,
    files: new Map(before.files).set(topGuid, file),
    shots: [...shots, { guid: topGuid, parent: guid, isTemporary: false }],
  };
}

/** Without a snapshot that has one child, whose content its file takes over. */
export function withoutShot(before: SimDescriptor, guid: string): SimDescriptor {
  const [child] = childrenOf(before, guid);
  const parent = before.shots.find((shot) => shot.guid === guid)?.parent ?? noGuid;
  const files = new Map(before.files);
  if (child !== undefined) files.set(child, before.files.get(guid) ?? '');
  files.delete(guid);
  const shots = before.shots
    .filter((shot) => shot.guid !== guid)
    .map((shot) => (shot.guid === child ? { ...shot, parent } : shot));
  return { ...before, files, shots };
}

export function markedTemporary(before: SimDescriptor, guid: string): SimDescriptor {
  const shots = before.shots.map((shot) =>
    shot.guid === guid ? { ...shot, isTemporary: true } : shot,
  );
  return { ...before, shots };
}
