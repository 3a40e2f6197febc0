/** Simulated hosts for the contract suites. */
import type { ConfigInput } from '../../src/config/config.ts';
import type { Image } from '../../src/images/image.ts';
import type { LockRequest } from '../../src/ports/locks.ts';
import { hostOf } from '../../sim/host.ts';
import { lockTable } from '../../sim/locks.ts';
import { simHost, type SimHost, type SimHostOptions } from '../../sim/sim-host.ts';
import type { World } from '../../sim/world.ts';
import { patternContent, readRaw, write } from '../../sim/volume/content.ts';
import { newQcow2 } from '../../sim/volume/qcow2-content.ts';
import { qcow2Of, readImage, type OpenImage } from '../../sim/tools/qemu-img/image.ts';
import type { Volume } from '../../sim/volume/volume.ts';
import { templateByte, type ImageWorld } from '../contract/images.contract.ts';
import type { MakeWorld } from '../contract/world.ts';

export function simWorld(options: SimHostOptions = {}): MakeWorld {
  return async () => worldOf(simHost(options));
}

async function worldOf({ host, world, spawn }: SimHost) {
  await host.filesystem.makeDirectory('/work');
  return {
    host,
    directory: '/work',
    otherProcess: () => Promise.resolve(spawn()),
    // cp takes its time in proportion to what there is to copy.
    slowCommand: () => {
      world.volume.create('/work/large', 'file', 0o644, patternContent(2 ** 36, 1));
      return Promise.resolve({ file: 'cp', args: ['/work/large', '/work/copy'] });
    },
    async dieHolding(request: LockRequest) {
      const [machine] = world.machines;
      if (machine === undefined) throw new Error('a world has a machine');
      const process = world.spawn(machine, 'dies');
      await hostOf(world, process).locks.acquire(request);
      world.kill(process);
    },
    stealLock({ directory, name }: LockRequest) {
      const state = lockTable(world).get(`${directory}/${name}`);
      if (state !== undefined) Object.assign(state, { directoryMs: undefined, owner: undefined });
      return Promise.resolve();
    },
    dispose: () => Promise.resolve(),
  };
}

/** Literal bytes, so that reading them gives what was written. */
const filled = (byte: number, length: number) => new Uint8Array(length).fill(byte);

export function simImages(
  options: SimHostOptions = {},
  config: ConfigInput = {},
): () => Promise<ImageWorld & { readonly world: World }> {
  return async () => {
    const sim = simHost(options);
    const { world } = sim;
    const { volume } = world;
    return {
      ...(await worldOf(sim)),
      world,
      config: { ...config, instancesPath: '/work/instances' },
      async makeTemplate(path, format, sizeBytes) {
        const raw = write(patternContent(sizeBytes, 0, 0), 0, {
          length: 65_536,
          source: filled(templateByte, 65_536),
        });
        const content = format === 'raw' ? raw : { ...newQcow2(sizeBytes), layer: raw };
        volume.create(path, 'file', 0o644, content);
      },
      async write(image, position, byte) {
        guestWrite(volume, await image.info(), position, filled(byte, 65_536));
      },
      async read(path, format, position) {
        const buffer = new Uint8Array(1);
        const inode = volume.find(path);
        readRaw(readImage(volume, { path, format, inode }), buffer, position);
        return buffer[0] ?? 0;
      },
      async check(image) {
        await requireSound(volume, image);
      },
      leftovers: () => Promise.resolve(leftoversOf(volume, '/work/instances')),
    };
  };
}

function guestWrite(
  volume: Volume,
  { path, format }: { path: string; format: string },
  position: number,
  bytes: Uint8Array,
): void {
  const inode = volume.find(path);
  const content = volume.content(inode);
  const source = { length: bytes.length, source: bytes };
  if (format !== 'qcow2' || content.kind !== 'qcow2') {
    if (content.kind === 'raw') volume.setContent(inode, write(content, position, source), path);
    return;
  }
  volume.setContent(inode, { ...content, layer: write(content.layer, position, source) }, path);
}

async function requireSound(volume: Volume, image: Image): Promise<void> {
  const { path, format } = await image.info();
  if (format !== 'qcow2') return;
  const open: OpenImage = { path, format, inode: volume.find(path) };
  const { damage } = qcow2Of(volume, open);
  if (damage !== 'none') throw new Error(`${path} has ${damage}`);
}

/** Names of locks, workspaces and half-made files. */
function leftoversOf(volume: Volume, root: string): readonly string[] {
  const found: string[] = [];
  const visit = (path: string) => {
    const inode = volume.peek(path);
    if (inode === undefined) return;
    if (/\.(work|lease|part|partial)$|probe~/.test(path)) found.push(path);
    if (inode.kind !== 'directory') return;
    for (const [name] of volume.list(path)) visit(`${path}/${name}`);
  };
  visit(root);
  return found;
}
