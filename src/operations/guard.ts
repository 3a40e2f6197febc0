/**
 * A host that refuses every further effect once a signal is aborted: an operation that was canceled, or that learnt that
 * its lock is gone, stops before its next effect wherever it is.
 */
import { throwIfCanceled } from '../ingress/pump.ts';
import type { Command, Executor, RunOptions, RunResult } from '../ports/executor.ts';
import type {
  CreateTextOptions,
  FileEnds,
  FileHandle,
  Filesystem,
  OpenFile,
} from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';

export function guardHost(host: Host, signal: AbortSignal): Host {
  return {
    ...host,
    filesystem: new GuardedFilesystem(host.filesystem, signal),
    executor: new GuardedExecutor(host.executor, signal),
  };
}

class GuardedExecutor implements Executor {
  readonly #executor: Executor;
  readonly #signal: AbortSignal;

  constructor(executor: Executor, signal: AbortSignal) {
    this.#executor = executor;
    this.#signal = signal;
  }

  async run(command: Command, options?: RunOptions): Promise<RunResult> {
    throwIfCanceled(this.#signal);
    return this.#executor.run(command, options);
  }
}

/** Reading passes as it is; handles are only written to in private files, which nobody else can see. */
class GuardedFilesystem implements Filesystem {
  readonly #inner: Filesystem;
  readonly #signal: AbortSignal;

  constructor(inner: Filesystem, signal: AbortSignal) {
    this.#inner = inner;
    this.#signal = signal;
  }

  /** For methods with an effect: rejects, never throws, so that callers see one kind of failure. */
  async #effect<Result>(act: (filesystem: Filesystem) => Promise<Result>): Promise<Result> {
    throwIfCanceled(this.#signal);
    return act(this.#inner);
  }

  openRead(path: string, ends?: FileEnds): Promise<OpenFile> {
    return this.#inner.openRead(path, ends);
  }

  open(path: string, mode: 'write' | 'create', permissions?: number): Promise<FileHandle> {
    return this.#effect((filesystem) => filesystem.open(path, mode, permissions));
  }

  stat(path: string) {
    return this.#inner.stat(path);
  }

  readDirectory(path: string) {
    return this.#inner.readDirectory(path);
  }

  readText(path: string, maxBytes?: number) {
    return this.#inner.readText(path, maxBytes);
  }

  readTexts(directory: string, maxBytes?: number) {
    return this.#inner.readTexts(directory, maxBytes);
  }

  readBytes(path: string, position: number, length: number) {
    return this.#inner.readBytes(path, position, length);
  }

  space(path: string) {
    return this.#inner.space(path);
  }

  supportsDirectIo(directory: string) {
    return this.#inner.supportsDirectIo(directory);
  }

  createText(path: string, text: string, options?: CreateTextOptions) {
    return this.#effect((filesystem) => filesystem.createText(path, text, options));
  }

  truncate(path: string, sizeBytes: number) {
    return this.#effect((filesystem) => filesystem.truncate(path, sizeBytes));
  }

  makeDirectory(path: string) {
    return this.#effect((filesystem) => filesystem.makeDirectory(path));
  }

  removeDirectory(path: string) {
    return this.#effect((filesystem) => filesystem.removeDirectory(path));
  }

  removeTree(path: string) {
    return this.#effect((filesystem) => filesystem.removeTree(path));
  }

  rename(source: string, target: string) {
    return this.#effect((filesystem) => filesystem.rename(source, target));
  }

  link(source: string, target: string) {
    return this.#effect((filesystem) => filesystem.link(source, target));
  }

  unlink(path: string) {
    return this.#effect((filesystem) => filesystem.unlink(path));
  }

  setPermissions(path: string, permissions: number) {
    return this.#effect((filesystem) => filesystem.setPermissions(path, permissions));
  }

  copyPermissions(source: string, target: string) {
    return this.#effect((filesystem) => filesystem.copyPermissions(source, target));
  }

  touch(path: string) {
    return this.#effect((filesystem) => filesystem.touch(path));
  }

  /** Not held back: what can be seen already may well be durable. */
  sync(...paths: readonly string[]) {
    return this.#inner.sync(...paths);
  }

  syncDirectory(...paths: readonly string[]) {
    return this.#inner.syncDirectory(...paths);
  }

  clone(source: string, target: string) {
    return this.#effect((filesystem) => filesystem.clone(source, target));
  }

  allocate(path: string, lengthBytes: number) {
    return this.#effect((filesystem) => filesystem.allocate(path, lengthBytes));
  }

  punchHole(path: string, position: number, lengthBytes: number) {
    return this.#effect((filesystem) => filesystem.punchHole(path, position, lengthBytes));
  }
}
