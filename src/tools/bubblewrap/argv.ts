/**
 * Runs a command in a sandbox of bubblewrap 0.8 (`bwrap`): namespaces of its own for processes, network, mounts, IPC and
 * host name, no capabilities, no environment. It sees the programs and libraries of the system, read-only, and the files
 * that are named to it, each under its own path: no directory, so that it can neither list nor make others, but where a
 * tool cannot do without one that holds nothing else. Pure.
 *
 * A user namespace is made where the caller is not root: root needs none, and would lose the right to read files of
 * other users by it. No `--new-session`: tools have a session of their own already, and stay in the process group that
 * is killed with their call; `--die-with-parent` ends those that fled from it.
 */
import type { Command } from '../../ports/executor.ts';

/** Absolute paths. */
export interface SandboxFiles {
  /** Existing regular files or device nodes. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** For a tool that makes files of its own, and nothing else is in there; those that are not there are left out. */
  readonly directories?: readonly string[];
  /** Directories of the kernel. */
  readonly kernel?: readonly string[];
}

const isolation = [
  ...['--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
  ...['--die-with-parent', '--clearenv', '--setenv', 'LC_ALL', 'C'],
  ...['--setenv', 'PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  // Root without this could not read the files of other users, which Nova's templates are.
  ...['--cap-drop', 'ALL', '--cap-add', 'CAP_DAC_OVERRIDE'],
];

/** Programs, libraries and the cache of the dynamic loader; Debian has its directories below `/usr` or beside it. */
const system = [
  ...['--ro-bind', '/usr', '/usr'],
  ...['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc/ld.so.cache', '/etc/ld.so.conf.d'].flatMap(
    (path) => ['--ro-bind-try', path, path],
  ),
  ...['--dev', '/dev'],
];

/** Files are kept in memory below /dev/shm. */
export function isDevice(path: string): boolean {
  return path.startsWith('/dev/') && !path.startsWith('/dev/shm/');
}

export function inSandbox(command: Command, files: SandboxFiles): Command {
  const { reads, writes, directories = [], kernel = [] } = files;
  const binds = [
    ...kernel.flatMap((path) => ['--ro-bind', path, path]),
    ...directories.flatMap((path) => ['--bind-try', path, path]),
    ...reads.flatMap((path) => ['--ro-bind', path, path]),
    ...writes.flatMap((path) => [isDevice(path) ? '--dev-bind' : '--bind', path, path]),
  ];
  return {
    file: 'bwrap',
    args: [...isolation, ...system, ...binds, '--chdir', '/', '--', command.file, ...command.args],
  };
}
