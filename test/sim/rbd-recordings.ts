/** Plays what was recorded of the real rbd and ceph (fixtures/rbd-16.2) on the simulated ones. */
import { readFileSync } from 'node:fs';
import type { Command } from '../../src/ports/executor.ts';
import type { Cluster } from '../../sim/cluster/cluster.ts';
import { clusterStores } from '../../sim/cluster/stores.ts';
import { simHost, type SimHostOptions } from '../../sim/sim-host.ts';
import { patternContent } from '../../sim/volume/content.ts';
import type { World } from '../../sim/world.ts';

export interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** `timeout -k 2 40` */
  readonly wrapper?: string;
}

export function recordingsOf(topic: string): readonly Recording[] {
  const text = readFileSync(`fixtures/rbd-16.2/${topic}.json`, 'utf8');
  return JSON.parse(text) as Recording[];
}

export interface Lab {
  readonly world: World;
  readonly cluster: Cluster;
  /** Runs a command line, and says what came of it as far as it can be compared. */
  readonly run: (line: string | readonly string[], wrapper?: string) => Promise<Comparable>;
  /** A file of so many MiB, data in its first ones. */
  readonly file: (path: string, sizeMiB: number, dataMiB: number) => void;
}

const MiB = 2 ** 20;

/** A cluster with the pools of the recordings. */
export function lab(options: SimHostOptions = {}): Lab {
  const { host, world } = simHost({ ...options, makeStores: clusterStores(['vms', 'images']) });
  const { cluster } = world.stores;
  if (cluster === undefined) throw new Error('no cluster');
  return {
    world,
    cluster,
    async run(line, wrapper) {
      const words = typeof line === 'string' ? line.split(' ') : line;
      const [file = '', ...args] = words.map((word) => (isId.test(word) ? trashed(cluster) : word));
      const command: Command = { file, args };
      const seconds = /^timeout -k \d (\d+)/.exec(wrapper ?? '')?.[1];
      const timeoutMs = seconds === undefined ? undefined : Number(seconds) * 1000;
      const { exitCode, stdout, stderr, killed } = await host.executor.run(command, { timeoutMs });
      return comparable({ exitCode: killed === 'timeout' ? 124 : exitCode, stdout, stderr });
    },
    file(path, sizeMiB, dataMiB) {
      const content = patternContent(sizeMiB * MiB, 65, dataMiB * MiB);
      world.volume.create(path, 'file', 0o644, content);
    },
  };
}

const isId = /^[0-9a-f]{12}$/;

/** Ids of the recordings are none of here: what is meant is what is in the trash. */
function trashed(cluster: Cluster): string {
  const [id = 'none'] = cluster.namespace('vms')?.trash.keys() ?? [];
  return id;
}

export interface Comparable {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The order of lines is that of threads. */
  readonly stderr: readonly string[];
}

/** Without times, numbers that the cluster gives, and how far a progress bar had come. */
export function comparable({
  exitCode,
  stdout,
  stderr,
}: Pick<Recording, 'exitCode' | 'stdout' | 'stderr'>): Comparable {
  return { exitCode, stdout: neutral(stdout), stderr: linesOf(stderr) };
}

function neutral(text: string): string {
  return text
    .replace(/\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, 'TIME')
    .replace(/("id":"|rbd_data\.|\tid: )[0-9a-f]{9,16}/g, '$1ID')
    .replace(/("(?:snapshot_)?id":)\d+/g, '$10')
    .replace(/127\.0\.0\.1:0\/\d+/g, 'A')
    .replace(/client\.\d+( cookie=\d+)?/g, 'client.N')
    .replace(/"auto \d+"/g, '"auto N"')
    .replace(/"(client|cookie)":\d+/g, '"$1":N')
    .replace(/"fsid":"[^"]*"|^[0-9a-f-]{36}$/gm, 'FSID');
}

function linesOf(stderr: string): readonly string[] {
  return stderr
    .replace(/\r[^\r\n]*% complete\.\.\.(?=\r)/g, '')
    .replace(/\d+% complete/g, 'N% complete')
    .replace(/^\d{4}-\d\d-\d\dT\S+ [0-9a-f]+ +-?\d+ /gm, 'LOG ')
    .replace(/0x[0-9a-f]+/g, '0x')
    .replace(/\[[0-9a-f,]{9,}\]/g, '[IDS]')
    .replace(/image id \w+ info/g, 'image id ID info')
    .split(/[\r\n]+/)
    .filter((line) => line !== '')
    .toSorted();
}
