/** The VM of scripts/lab/lvm: a group with a thin pool on an empty disk, and images in it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { nodeHost } from '../../src/adapters/node-host.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import type { ImageWorld } from '../contract/images.contract.ts';
import { leftoversIn, makeImage, readByte } from '../real/file-images.ts';
import { realWorld } from '../real/real-world.ts';

/** Of this worker alone, as the other one has the other: the two run side by side on one machine. */
export const [group, disk] =
  process.env['VITEST_POOL_ID'] === '2' ? ['vg1', '/dev/vdb'] : ['vg0', '/dev/vda'];
export const pool = 'pool';
export const MiB = 1024 * 1024;

const promised = promisify(execFile);

export async function run(file: string, ...args: string[]): Promise<string> {
  return (await promised(file, args, { encoding: 'utf8' })).stdout;
}

/** What a shell line prints: for what tests look at, never for what platter does. */
export function shell(line: string): Promise<string> {
  return run('bash', '-c', line);
}

async function requireLab(): Promise<void> {
  if (process.env['PLATTER_LAB'] !== 'lvm') {
    throw new Error('run it as scripts/lab/lvm run -- npx vitest run --project lvm');
  }
  const groups = await run('vgs', '--noheadings', '-o', 'vg_name');
  if (groups.includes(group)) return;
  await run('pvcreate', '-q', disk);
  await run('vgcreate', '-q', group, disk);
  await run('lvcreate', '-q', '-y', '--type', 'thin-pool', '-L', '1G', '-n', pool, group);
}

interface Listed {
  readonly name: string;
  readonly attr: string;
  readonly sizeBytes: number;
  readonly tags: string;
}

export async function volumes(): Promise<readonly Listed[]> {
  const columns = 'lv_name,lv_attr,lv_size,lv_tags';
  const options = ['--noheadings', '--units', 'b', '--nosuffix', '--separator', '|', '-o', columns];
  const text = await run('lvs', ...options, group);
  return text
    .split('\n')
    .map((line) => line.trim().split('|'))
    .filter(([name]) => name !== '' && name !== pool)
    .map(([name = '', attr = '', size = '', tags = '']) => ({
      name,
      attr,
      sizeBytes: Number(size),
      tags,
    }));
}

export async function names(): Promise<readonly string[]> {
  return (await volumes()).map(({ name }) => name).filter((name) => !isTemplate(name));
}

function isTemplate(name: string): boolean {
  return name.startsWith('platter-template-');
}

/** Takes away what a test made, but for templates: they are shared by all. */
async function removeVolumes(): Promise<void> {
  const left = (await names()).map((name) => `${group}/${name}`);
  if (left.length > 0) await run('lvremove', '-q', '-f', ...left);
}

/** Volumes that are no disk, no snapshot and no template. */
export async function halfMade(): Promise<readonly string[]> {
  return (await names()).filter((name) => /^platter-(part|removed)/.test(name));
}

export const thin: ConfigInput = { lvm: { volumeGroup: group, thinPool: pool } };
export const thick: ConfigInput = { lvm: { volumeGroup: group } };

export interface LvmWorld extends ImageWorld {
  /** Tools that platter started since it was last asked. */
  readonly commands: () => readonly string[];
}

export function lvmWorld(config: ConfigInput): () => Promise<LvmWorld> {
  return async () => {
    await requireLab();
    const world = await realWorld()();
    const instancesPath = `${world.directory}/instances`;
    let commands: string[] = [];
    const host = nodeHost({
      onEvent: (event) => {
        if (event.type === 'command') commands.push(event.argv.join(' '));
      },
    });
    return {
      ...world,
      host,
      config: { ...config, instancesPath },
      makeTemplate: makeImage,
      async write(image, position, byte) {
        const { path } = await image.info();
        const command = `write -P ${byte} ${position} 64k`;
        await run('qemu-io', '-f', 'raw', '-t', 'none', '-c', command, path);
      },
      read: readByte,
      check: () => Promise.resolve(),
      leftovers: async () => [...(await leftoversIn(instancesPath)), ...(await halfMade())],
      async dispose() {
        await removeVolumes();
        await world.dispose();
      },
      commands() {
        const seen = commands;
        commands = [];
        return seen;
      },
    };
  };
}
