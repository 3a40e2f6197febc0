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

export interface FileHandle {
  readonly path: string;
  stat(): Promise<FileStat>;
  /** Fills `buffer` from `position`; resolves to the number of bytes read, which is smaller only at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes all of `buffer` at `position`. */
  write(buffer: Uint8Array, position: number): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  sync(): Promise<void>;
  /** A new file that shares the extents of this one, whatever its path has become meanwhile; errors as `Filesystem.clone`. */
  cloneTo(target: string): Promise<void>;
  close(): Promise<void>;
}

export interface Filesystem {
  /**
   * `read` and `write` open an existing file, `create` makes a new one (EEXIST when there is one) for reading and writing.
   * The last component of the path is never followed when it is a symbolic link (ELOOP).
   */
  open(path: string, mode: 'read' | 'write' | 'create', permissions?: number): Promise<FileHandle>;
  /** Of the name itself, never of what a symbolic link names. */
  stat(path: string): Promise<FileStat>;
  /** Sorted by name. */
  readDirectory(path: string): Promise<readonly DirectoryEntry[]>;
  /** A small text file as a whole; EFBIG when it is longer than `maxBytes` (default 1 MiB). */
  readText(path: string, maxBytes?: number): Promise<string>;
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
  /** Sets the modification time to now. */
  touch(path: string): Promise<void>;
  /** Syncs a file that somebody else wrote (a tool, a caller). */
  sync(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
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
