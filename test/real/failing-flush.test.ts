/**
 * Every flush of every change in place of a real qcow2 file fails once (strace makes the system call fail): afterwards the
 * disk is sound, the change is there or not, and no snapshot that was there before is lost.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImageWorld } from '../contract/images.contract.ts';
import { codeOf } from '../contract/world.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import type { Executor } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';
import { realFileImages } from './file-images.ts';

const MiB = 1024 * 1024;
const flushesMost = 40;

/** The n-th fdatasync of `qemu-img <subcommand>` fails; one I/O thread, so that strace counts them all together. */
function withFailingFlush(host: Host, subcommand: string, nth: number): Host {
  let hasStruck = false;
  const executor: Executor = {
    run({ file, args }, options) {
      if (hasStruck || file !== 'qemu-img' || args[0] !== subcommand) {
        return host.executor.run({ file, args }, options);
      }
      hasStruck = true;
      const inject = `inject=fdatasync:error=EIO:when=${nth}`;
      const strace = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync', '-e', inject];
      const oneThread = ['--object', 'main-loop,id=loop,thread-pool-max=1'];
      const [first = '', ...rest] = args;
      return host.executor.run(
        { file: 'strace', args: [...strace, file, first, ...oneThread, ...rest] },
        options,
      );
    },
  };
  return { ...host, executor };
}

describe('a flush that fails', () => {
  let world: ImageWorld;
  let image: Image;

  beforeEach(async () => {
    world = await realFileImages()();
    image = imageOn(world.host);
    await image.createImage({ sizeBytes: 16 * MiB });
    await world.write(image, MiB, 0x11);
    await image.createSnap('one');
    await world.write(image, MiB, 0x22);
    await image.resizeImage(24 * MiB);
    await image.createSnap('two');
    await world.write(image, MiB, 0x33);
  });
  afterEach(() => world.dispose());

  const imageOn = (host: Host) =>
    new Backend({ host, config: world.config }).image({ id: 'vm1' }, 'disk', 'qcow2');

  /** Fails the first flush, the second, …, until the operation succeeds; resolves to how many made it fail. */
  async function failEach(
    subcommand: string,
    act: (image: Image) => Promise<unknown>,
    after: (hasFailed: boolean) => Promise<void>,
  ): Promise<number> {
    let failures = 0;
    for (let nth = 1; nth <= flushesMost; nth += 1) {
      const code = await codeOf(act(imageOn(withFailingFlush(world.host, subcommand, nth))));
      failures += code === undefined ? 0 : 1;
      await world.check(image);
      await after(code !== undefined);
      if (code === undefined && failures > 0) return failures;
    }
    return failures;
  }

  const names = async () => (await image.listSnaps()).map(({ name }) => name);

  const byteOf = async (snapshot: string) => {
    await image.rollbackToSnap(snapshot);
    const { path, format } = await image.info();
    return world.read(path, format, MiB);
  };

  test('while a snapshot is taken', async () => {
    const failed = await failEach(
      'snapshot',
      (one) => one.createSnap('three'),
      async () => {
        expect((await names()).slice(0, 2)).toEqual(['one', 'two']);
        await image.removeSnap('three', { ignoreErrors: true });
        expect(await names()).toEqual(['one', 'two']);
      },
    );
    expect(failed).toBeGreaterThan(3);
    expect(await byteOf('one')).toBe(0x11);
    expect(await byteOf('two')).toBe(0x22);
  });

  test('while a snapshot is removed', async () => {
    await image.createSnap('three');
    const failed = await failEach(
      'snapshot',
      (one) => one.removeSnap('three'),
      async () => {
        expect((await names()).slice(0, 2)).toEqual(['one', 'two']);
        if ((await names()).length === 2) await image.createSnap('three');
      },
    );
    expect(failed).toBeGreaterThan(2);
    expect(await byteOf('one')).toBe(0x11);
    expect(await byteOf('two')).toBe(0x22);
  });

  test('while a snapshot is brought back', async () => {
    const failed = await failEach(
      'snapshot',
      (one) => one.rollbackToSnap('one'),
      async () => {
        expect(await names()).toEqual(['one', 'two']);
        await world.write(image, MiB, 0x44);
        expect(await byteOf('two')).toBe(0x22);
      },
    );
    expect(failed).toBeGreaterThan(1);
    expect(await byteOf('one')).toBe(0x11);
    expect(await image.getDiskSize()).toBe(16 * MiB);
  });
});
