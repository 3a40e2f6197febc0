/** Real disks that are files: written and read by qemu-io, checked by qemu-img. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ConfigInput } from '../../src/config/config.ts';
import { templateByte, type ImageWorld } from '../contract/images.contract.ts';
import { realWorld } from './real-world.ts';

export const run = promisify(execFile);

export function realFileImages(
  parent?: string,
  config: ConfigInput = {},
): () => Promise<ImageWorld> {
  return async () => {
    const world = await realWorld(parent)();
    const instancesPath = `${world.directory}/instances`;
    return {
      ...world,
      config: { ...config, instancesPath },
      makeTemplate: makeImage,
      async write(image, position, byte) {
        const { path, format } = await image.info();
        await run('qemu-io', ['-f', format, '-c', `write -P ${byte} ${position} 64k`, path]);
      },
      read: readByte,
      async check(image) {
        const { path, format } = await image.info();
        if (format === 'qcow2') await run('qemu-img', ['check', '-q', '-f', format, path]);
      },
      leftovers: () => leftoversIn(instancesPath),
    };
  };
}

export async function makeImage(path: string, format: string, sizeBytes: number): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', format, path, String(sizeBytes)]);
  await run('qemu-io', ['-f', format, '-c', `write -P ${templateByte} 0 1M`, path]);
}

export async function readByte(path: string, format: string, position: number): Promise<number> {
  const { stdout } = await run('qemu-io', [
    ...['-r', '-f', format, '-c', `read -v ${position} 1k`, path],
  ]);
  const byte = /^[0-9a-f]+:  ([0-9a-f]{2})/.exec(stdout)?.[1];
  if (byte === undefined) throw new Error(`cannot read ${path}: ${stdout}`);
  return Number.parseInt(byte, 16);
}

/** Locks, workspaces, leases, half-made files: what an operation must not leave. */
export async function leftoversIn(instancesPath: string): Promise<readonly string[]> {
  const entries = await readdir(instancesPath, { recursive: true }).catch(() => []);
  return entries.filter((path) => /\.(lock|owner|work|lease|part|partial)$|probe~/.test(path));
}
