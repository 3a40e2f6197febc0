/**
 * ploop on Debian's ploop 1.15, without the kernel of OpenVZ: everything but mounting runs for real. See the driver for
 * what that leaves out.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import { containmentOf } from '../../src/ingress/containment.ts';
import type { Command, Executor } from '../../src/ports/executor.ts';
import { imagesContract, templateByte, type ImageWorld } from '../contract/images.contract.ts';
import { codeOf } from '../contract/world.ts';
import { errorOf, platter } from './command.ts';
import { imagesOf, readFrom, realPloopImages, writeInto } from './ploop-images.ts';

const MiB = 1024 * 1024;

imagesContract('ploop, real', 'ploop', realPloopImages());

/** Undefined where it is no command of ploop; also of one that is contained. */
function ploopCommandOf({ file, args }: Command): string | undefined {
  const words = [file, ...args];
  const place = words.lastIndexOf('ploop');
  return place < 0 ? undefined : words[place + 1];
}

describe('a ploop disk', () => {
  let world: ImageWorld;
  let instances = '';
  let backend: Backend;
  let image: Image;
  const disk = () => `${instances}/vm1/disk`;

  beforeEach(async () => {
    world = await realPloopImages()();
    instances = `${world.directory}/instances`;
    backend = new Backend({ host: world.host, config: world.config });
    image = backend.image({ id: 'vm1' }, 'disk', 'ploop');
  });
  afterEach(() => world.dispose());

  test('is described as ploop restore-descriptor describes it', async () => {
    await image.createImage({ sizeBytes: 10 * MiB });
    const ours = readFileSync(`${disk()}/DiskDescriptor.xml`, 'utf8');
    rmSync(`${disk()}/DiskDescriptor.xml`);
    execFileSync('ploop', ['restore-descriptor', '-f', 'raw', disk(), `${disk()}/root.hds`], {
      stdio: 'ignore',
    });
    expect(readFileSync(`${disk()}/DiskDescriptor.xml`, 'utf8')).toBe(ours);
  });

  test('that ploop has made is found, grown by ploop, and known by its own command', async () => {
    mkdirSync(disk(), { recursive: true });
    writeFileSync(`${disk()}/root.hds`, '');
    truncateSync(`${disk()}/root.hds`, 8 * MiB);
    execFileSync('ploop', ['restore-descriptor', '-f', 'raw', disk(), `${disk()}/root.hds`], {
      stdio: 'ignore',
    });
    expect(await backend.list()).toMatchObject([{ backend: 'ploop', virtualSizeBytes: 8 * MiB }]);
    const found = await backend.find({ instance: 'vm1', disk: 'disk' });
    await found.resizeImage(20 * MiB);
    const said = execFileSync('ploop', ['info', '-s', `${disk()}/DiskDescriptor.xml`], {
      encoding: 'utf8',
    });
    expect(said).toMatch(new RegExp(`size:\\s+${(20 * MiB) / 512}\\b`));
    execFileSync('ploop', ['grow', '-s', '32M', `${disk()}/DiskDescriptor.xml`], {
      stdio: 'ignore',
    });
    expect((await found.info()).virtualSizeBytes).toBe(32 * MiB);
  });

  test('has sizes in whole MiB, and at most 1 TiB', async () => {
    await image.createImage({ sizeBytes: 10 * MiB + 1 });
    expect((await image.info()).virtualSizeBytes).toBe(11 * MiB);
    const large = backend.image({ id: 'vm2' }, 'disk', 'ploop');
    expect(await codeOf(large.createImage({ sizeBytes: 1024 ** 4 + 1 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(image.resizeImage(MiB))).toBe('CANNOT_SHRINK');
  });

  test('keeps names, sizes and contents of snapshots through all that ploop does', async () => {
    await image.createImage({ sizeBytes: 4 * MiB });
    await writeInto(disk(), 0, 1);
    await image.createSnap('one');
    await writeInto(disk(), 0, 2);
    await image.resizeImage(8 * MiB);
    await image.createSnap('two');
    await writeInto(disk(), 0, 3);
    expect(await image.listSnaps()).toMatchObject([
      { name: 'one', sizeBytes: 4 * MiB },
      { name: 'two', sizeBytes: 8 * MiB },
    ]);
    await image.rollbackToSnap('one');
    expect([await readFrom(disk(), 0), (await image.info()).virtualSizeBytes]).toEqual([
      1,
      4 * MiB,
    ]);
    await writeInto(disk(), 0, 4);
    // Two lean on it now: ploop keeps its image, but it is gone as a snapshot.
    await image.removeSnap('one');
    expect((await image.info()).snapshots).toEqual(['two']);
    expect(await readFrom(disk(), 0)).toBe(4);
    await image.rollbackToSnap('two');
    expect([await readFrom(disk(), 0), (await image.info()).virtualSizeBytes]).toEqual([
      2,
      8 * MiB,
    ]);
    await image.removeSnap('two');
    expect(await image.listSnaps()).toEqual([]);
    expect(await readFrom(disk(), 0)).toBe(2);
    expect(await imagesOf(disk())).toHaveLength(1);
    expect(readdirSync(disk()).sort()).toEqual(['DiskDescriptor.xml', 'root.hds']);
  });

  const damages: readonly (readonly [string, (text: string) => string, string])[] = [
    ['that is cut off', (text) => text.slice(0, 400), 'CORRUPT'],
    ['that is empty', () => '', 'CORRUPT'],
    [
      'that names a file of the host',
      (text) => text.replace('root.hds', '/etc/passwd'),
      'UNSAFE_IMAGE',
    ],
  ];
  test.each(damages)('with a descriptor %s is refused by every verb', async (_, damage, code) => {
    await image.createImage({ sizeBytes: 4 * MiB });
    const path = `${disk()}/DiskDescriptor.xml`;
    const before = damage(readFileSync(path, 'utf8'));
    writeFileSync(path, before);
    const verbs = [
      () => image.info(),
      () => image.resizeImage(8 * MiB),
      () => image.createSnap('s'),
      () => image.snapshotExtract(`${world.directory}/out`, 'raw'),
      () => image.createImage({ sizeBytes: MiB }),
    ];
    for (const verb of verbs) expect(await codeOf(verb())).toBe(code);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(await backend.list()).toEqual([]);
  });

  test('in expanded format, made elsewhere, is read, grown and exported', async () => {
    mkdirSync(disk(), { recursive: true });
    const base = `${disk()}/root.hds`;
    const create = ['create', '-q', '-f', 'parallels', '-o', 'cluster_size=1M', base, '8M'];
    execFileSync('qemu-img', create);
    execFileSync('qemu-io', ['-f', 'parallels', '-c', 'write -P 9 0 1M', base]);
    const raw = backend.image({ id: 'vm2' }, 'disk', 'ploop');
    await raw.createImage({ sizeBytes: 8 * MiB });
    const text = readFileSync(`${instances}/vm2/disk/DiskDescriptor.xml`, 'utf8');
    writeFileSync(`${disk()}/DiskDescriptor.xml`, text.replace('Plain', 'Compressed'));
    const started: Command[] = [];
    const executor: Executor = {
      run(command, options) {
        started.push(command);
        return world.host.executor.run(command, options);
      },
    };
    const host = { ...world.host, executor };
    image = new Backend({ host, config: world.config }).image({ id: 'vm1' }, 'disk', 'ploop');
    await image.resizeImage(16 * MiB);
    expect((await image.info()).virtualSizeBytes).toBe(16 * MiB);
    await image.snapshotExtract(`${world.directory}/out.raw`, 'raw');
    expect(await world.read(`${world.directory}/out.raw`, 'raw', 0)).toBe(9);
    // Its tables are a stranger's: no tool reads them that is not held.
    expect((await containmentOf(host)).kind).toBe('sandbox');
    const ploops = started.filter((command) => ploopCommandOf(command) !== undefined);
    expect(ploops.map(ploopCommandOf)).toEqual(['grow']);
    for (const { file, args } of ploops) {
      expect(file).toBe('prlimit');
      expect(args).toContain('bwrap');
      expect(args).toContain('--unshare-net');
    }
  });

  describe('whose change is broken off', () => {
    /** The host dies as far as platter is concerned: before ploop runs, or after it has. */
    function dyingAt(moment: 'before' | 'after', subcommand: string): Image {
      let hasDied = false;
      const executor: Executor = {
        async run(command, options) {
          if (ploopCommandOf(command) !== subcommand || hasDied) {
            return world.host.executor.run(command, options);
          }
          hasDied = true;
          if (moment === 'after') await world.host.executor.run(command, options);
          return { exitCode: null, signal: 'SIGKILL', stdout: '', stderr: '', killed: null };
        },
      };
      const host = { ...world.host, executor };
      return new Backend({ host, config: world.config }).image({ id: 'vm1' }, 'disk', 'ploop');
    }

    beforeEach(async () => {
      await image.createImage({ sizeBytes: 4 * MiB });
      await writeInto(disk(), 0, 1);
      await image.createSnap('one');
      await writeInto(disk(), 0, 2);
    });

    const changes: readonly (readonly [string, (of: Image) => Promise<unknown>])[] = [
      ['snapshot', (of) => of.createSnap('two')],
      ['snapshot-switch', (of) => of.rollbackToSnap('one')],
    ];
    test.each(
      changes.flatMap((change) =>
        (['before', 'after'] as const).map((when) => [...change, when] as const),
      ),
    )('%s: undone, %s', async (subcommand, change, moment) => {
      const before = await image.info();
      expect(await codeOf(change(dyingAt(moment, subcommand)))).toBe('TOOL_FAILED');
      expect(await image.info()).toMatchObject({
        virtualSizeBytes: before.virtualSizeBytes,
        snapshots: ['one'],
      });
      expect(await readFrom(disk(), 0)).toBe(2);
      expect(readdirSync(disk())).toHaveLength(3);
      await change(image);
      expect(await backend.audit()).toEqual([]);
    });

    // What ploop has lengthened on top of a snapshot it grows to nothing less any more.
    test.each(['before', 'after'] as const)('growth: finished, %s', async (moment) => {
      expect(await codeOf(dyingAt(moment, 'grow').resizeImage(16 * MiB))).toBe('TOOL_FAILED');
      expect(await image.info()).toMatchObject({ virtualSizeBytes: 16 * MiB, snapshots: ['one'] });
      expect(await readFrom(disk(), 0)).toBe(2);
      expect(readdirSync(disk())).toHaveLength(3);
      await image.resizeImage(32 * MiB);
      expect(await backend.audit()).toEqual([]);
    });

    test.each(['before', 'after'] as const)(
      'the removal of a snapshot: finished, %s',
      async (moment) => {
        await codeOf(dyingAt(moment, 'snapshot-delete').removeSnap('one'));
        expect(await image.listSnaps()).toEqual([]);
        expect(await readFrom(disk(), 0)).toBe(2);
        expect(await backend.audit()).toEqual([]);
      },
    );
  });

  test('is removed whole, also when it is to be wiped', async () => {
    await image.createImage({ sizeBytes: 4 * MiB });
    await image.createSnap('one');
    await image.destroy({ wipe: true });
    expect(await image.exists()).toBe(false);
    expect(readdirSync(instances)).not.toContain('vm1');
  });
});

describe('the command', () => {
  test('makes, shows, clones and refuses', async () => {
    const world = await realPloopImages()();
    const instances = `${world.directory}/instances`;
    const source = `${world.directory}/t.qcow2`;
    await world.makeTemplate(source, 'qcow2', 8 * MiB);
    const done = async (...args: string[]) => {
      const result = await platter(instances, args);
      expect(result, result.stderr).toMatchObject({ status: 0 });
      return result.stdout;
    };
    await done('template', 'add', 't', source);
    await done('image', 'create', 'vm1/disk', '--template', 't', '--backend', 'ploop');
    await done('snapshot', 'create', 'vm1/disk@s');
    await writeInto(`${instances}/vm1/disk`, 0, 7);
    await done('image', 'clone', 'vm1/disk@s', 'vm2/disk');
    expect(JSON.parse(await done('image', 'show', 'vm2/disk', '--json'))).toMatchObject({
      backend: 'ploop',
      format: 'ploop',
      virtualSizeBytes: 8 * MiB,
    });
    expect(await readFrom(`${instances}/vm2/disk`, 0)).toBe(templateByte);
    expect(await readFrom(`${instances}/vm1/disk`, 0)).toBe(7);
    expect(await done('image', 'xml', 'vm1/disk')).toContain('type="ploop"');
    const refused: readonly (readonly [string[], string, number])[] = [
      [['image', 'create', 'vm1/disk', '--size', '1M', '--backend', 'ploop'], 'ALREADY_EXISTS', 4],
      [
        ['image', 'create', 'vm3/disk', '--size', '2T', '--backend', 'ploop'],
        'INVALID_ARGUMENT',
        2,
      ],
      [['image', 'resize', 'vm1/disk', '--size', '1M'], 'CANNOT_SHRINK', 4],
      [['snapshot', 'create', 'vm1/disk@s'], 'ALREADY_EXISTS', 4],
      [['snapshot', 'delete', 'vm1/disk@no', '--yes'], 'NOT_FOUND', 3],
      [['image', 'show', 'vm1/disk', '--backend', 'qcow2'], 'NOT_FOUND', 3],
    ];
    for (const [args, code, status] of refused) {
      const result = await platter(instances, [...args, '--json']);
      expect({ args, code: errorOf(result).code, status: result.status }).toEqual({
        args,
        code,
        status,
      });
    }
    await world.dispose();
  });
});
