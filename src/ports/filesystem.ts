/**
 * Files, by whole paths. Methods reject with the host's own errors, whose `code` is the errno name (`ENOENT`).
 *
 * What survives a power cut: the content of a file after `sync`; a name (created, linked, renamed or removed) after
 * `syncDirectory` of its directory. `rename` and `link` are atomic for whoever looks while the host is up.
 */

export type FileKind = 'file' | 'directory' | 'symlink' | 'other';

export interface FileStat {
  readonly kind: FileKind;
  readonly sizeBytes: number;
  /** Space the file takes on the filesystem: less than `sizeBytes` where it has holes. */
  readonly allocatedBytes: number;
  /** Number of names (hard links). */
  readonly links: number;
  /** Identifies the filesystem. */
  readonly device: number;
  readonly inode: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: FileKind;
}

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

interface FilesystemSpace {
  readonly totalBytes: number;
  /** What a process without privileges may still use. */
  readonly availableBytes: number;
}

export interface CreateTextOptions {
  /** Default is 0o644. */
  readonly permissions?: number;
  /** Whether the content survives a power cut. Default is true. */
  readonly isDurable?: boolean;
}

/** How much of a file is read with its opening. Default is nothing. */
export interface FileEnds {
  readonly headBytes?: number;
  readonly tailBytes?: number;
}

/** A file that is open for reading: it stays what it is, whatever its path becomes meanwhile. */
export interface OpenFile {
  readonly path: string;
  /** As it was when it was opened. */
  readonly stat: FileStat;
  /** Its first bytes: as many as were asked for, or all that there are; none of what is no regular file. */
  readonly head: Uint8Array;
  /** Its last bytes, likewise. */
  readonly tail: Uint8Array;
  /** Fills `buffer` from `position`; resolves to the number of bytes read, which is smaller only at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** As it is now. */
  statNow(): Promise<FileStat>;
  /** A new file that shares its extents; errors as `Filesystem.clone`. */
  cloneTo(target: string): Promise<void>;
  /** Nothing was written, so that closing can neither fail nor take time. */
  close(): void;
}

/** A file that is open for reading and writing. */
export interface FileHandle {
  readonly path: string;
  stat(): Promise<FileStat>;
  /** Fills `buffer` from `position`; resolves to the number of bytes read, which is smaller only at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes all of `buffer` at `position`. */
  write(buffer: Uint8Array, position: number): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Filesystem {
  /**
   * Opens, looks at and begins to read an existing file. Of no `open` the last component of the path is followed when it
   * is a symbolic link (ELOOP).
   */
  openRead(path: string, ends?: FileEnds): Promise<OpenFile>;
  /** `write` opens an existing file, `create` makes a new one (EEXIST when there is one). */
  open(path: string, mode: 'write' | 'create', permissions?: number): Promise<FileHandle>;
  /** Of the name itself, never of what a symbolic link names. */
  stat(path: string): Promise<FileStat>;
  /** Sorted by name. */
  readDirectory(path: string): Promise<readonly DirectoryEntry[]>;
  /** A small text file as a whole; EFBIG when it is longer than `maxBytes` (default 1 MiB). */
  readText(path: string, maxBytes?: number): Promise<string>;
  /** The small text files of a directory, sorted by name; not one that goes meanwhile. */
  readTexts(directory: string, maxBytes?: number): Promise<readonly NamedText[]>;
  /** Up to `length` bytes from `position`. */
  readBytes(path: string, position: number, length: number): Promise<Uint8Array>;
  /**
   * Makes a new file with this content (EEXIST when there is one) and syncs it, if asked, but not its directory. Nothing
   * is left of one that could not be written, unless the process dies meanwhile.
   */
  createText(path: string, text: string, options?: CreateTextOptions): Promise<void>;
  /** Makes one directory; its parent must exist. */
  makeDirectory(path: string): Promise<void>;
  /** Removes an empty directory (ENOTEMPTY otherwise). */
  removeDirectory(path: string): Promise<void>;
  /** Removes a file or a directory with all that is in it; nothing there is no error. Not atomic. */
  removeTree(path: string): Promise<void>;
  /** Replaces a file, or an empty directory by a directory. */
  rename(source: string, target: string): Promise<void>;
  /** A second name for a file; EEXIST when `target` is taken. */
  link(source: string, target: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Cuts a file, or lengthens it by a hole. */
  truncate(path: string, sizeBytes: number): Promise<void>;
  setPermissions(path: string, permissions: number): Promise<void>;
  /** Gives `target` the owner, the group and the permission bits of `source`; EPERM when they are not ours to give. */
  copyPermissions(source: string, target: string): Promise<void>;
  /** Sets the modification time to now. */
  touch(path: string): Promise<void>;
  /**
   * Syncs files, in no order. Together, for on journalling filesystems the first one of a group pays for all that was
   * changed before (measured on ext4 and XFS). One that fails is told of when none is under way any more.
   */
  sync(...paths: readonly string[]): Promise<void>;
  syncDirectory(...paths: readonly string[]): Promise<void>;
  /** A new file that shares the extents of `source` (FICLONE). EOPNOTSUPP, EXDEV or EINVAL where the filesystem cannot. */
  clone(source: string, target: string): Promise<void>;
  /** Reserves space for the first `lengthBytes` of a file without changing its size. EOPNOTSUPP where the filesystem cannot. */
  allocate(path: string, lengthBytes: number): Promise<void>;
  /** Turns a range of a file into a hole. EOPNOTSUPP where the filesystem cannot. */
  punchHole(path: string, position: number, lengthBytes: number): Promise<void>;
  space(path: string): Promise<FilesystemSpace>;
  /** Whether files of this directory can be opened for direct input and output (O_DIRECT). */
  supportsDirectIo(directory: string): Promise<boolean>;
}
