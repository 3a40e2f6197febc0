/** Runs the built command on a configuration, as several hosts would. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cephConf } from './rbd-world.ts';

export interface HostFile {
  /** Path of a configuration file. */
  readonly config: string;
  readonly instancesPath: string;
}

export interface RbdSection {
  readonly pool?: string;
  readonly templatePool?: string;
  readonly user?: string;
  readonly cephConf?: string;
  readonly connectTimeoutSeconds?: number;
}

/** A host: a directory of its own, and a configuration that names the cluster. */
export async function hostFile(
  directory: string,
  name: string,
  rbd: RbdSection,
  more = '',
): Promise<HostFile> {
  const config = `${directory}/${name}.toml`;
  const instancesPath = `${directory}/${name}`;
  const section = [
    ...(rbd.pool === undefined ? [] : [`pool = "${rbd.pool}"`]),
    ...(rbd.templatePool === undefined ? [] : [`template_pool = "${rbd.templatePool}"`]),
    ...(rbd.user === undefined ? [] : [`user = "${rbd.user}"`]),
    ...(rbd.connectTimeoutSeconds === undefined
      ? []
      : [`connect_timeout_seconds = ${rbd.connectTimeoutSeconds}`]),
    `ceph_conf = "${rbd.cephConf ?? cephConf()}"`,
  ];
  const text = [`instances_path = "${instancesPath}"`, more, '[rbd]', ...section, ''];
  await writeFile(config, text.join('\n'));
  return { config, instancesPath };
}

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function argvOf({ config }: HostFile, args: readonly string[]): readonly string[] {
  return ['dist/cli/main.js', '--config', config, ...args];
}

export function platter(host: HostFile, ...args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile('node', argvOf(host, args), { encoding: 'utf8' }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ status, stdout, stderr });
    });
  });
}

/** A command to be killed. */
export function start(host: HostFile, ...args: readonly string[]): ChildProcess {
  return spawn('node', argvOf(host, args), { stdio: 'ignore' });
}

export function errorOf({ stderr }: CommandResult): {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
} {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return (JSON.parse(line) as { error: { code: string; message: string; hint?: string } }).error;
}
