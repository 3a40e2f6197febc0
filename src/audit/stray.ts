/** What `platter audit` finds: things on this host that nothing explains. */

export const strayKinds = [
  /** A workspace whose operation does not run any more: half-made files, or a change that was broken off. */
  'interrupted-operation',
  /** A lease of a process that has ended. */
  'dead-lease',
  /** A lease that was taken long ago, and of whose process nobody can tell whether it has ended. */
  'old-lease',
  /** A lock that its owner cannot give back any more. */
  'dead-lock',
  /** A record of an image that is not there. */
  'record-without-image',
  /** A record of a template whose file is not there. */
  'record-without-template',
  /** A record, or a disk.info, that cannot be read. */
  'damaged-record',
  /** An entry of disk.info for a disk that is not there. */
  'format-without-image',
  /** A disk that neither a record nor disk.info knows. */
  'orphan-disk',
  /** A disk that leans on a file that is not there. */
  'disk-without-template',
  /** A disk that leans on a template which is not the one that it was made of. */
  'disk-of-other-template',
  /** Snapshots of a disk that is not there. */
  'orphan-snapshots',
  /** A template that was found damaged. */
  'damaged-template',
  /** A template that somebody else put into the store. */
  'foreign-template',
  /** A download that was broken off, kept to be continued. */
  'partial-download',
  /** A file that nobody knows. */
  'unknown-file',
  /** A directory with nothing in it. */
  'empty-directory',
  /** A volume or an image of shared storage that no record knows. */
  'orphan-volume',
  /** A volume or an image of shared storage that was not finished. */
  'half-made-volume',
  /** Something that could not be looked at. */
  'unreadable',
] as const;

export type StrayKind = (typeof strayKinds)[number];

/** What a driver is told of this host, to tell its strays by. */
export interface Known {
  /** Ids of operations that are at work, or whose workspaces are left: what these have in hand is explained. */
  readonly operations: ReadonlySet<string>;
  /** SHA-256 of the templates in the store. */
  readonly templates: ReadonlySet<string>;
}

/** One finding. Drivers that keep things outside of files add theirs by `Driver.strays`. */
export interface Stray {
  readonly kind: StrayKind;
  /** Where it is: an absolute path, or what a backend calls it (`vg/volume`, `pool/image`). */
  readonly path: string;
  /** `<instance>/<disk>`, or `template <name>`; null where it belongs to nothing. */
  readonly subject: string | null;
  /** Space that it takes, where that is known. */
  readonly allocatedBytes: number | null;
  /** What is wrong with it. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}
