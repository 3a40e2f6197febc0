import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.ts';
import { loadConfig } from '../../src/cli/config-file.ts';
import { parseDuration } from '../../src/cli/duration.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import type { Filesystem } from '../../src/ports/filesystem.ts';

/** As much of a filesystem as reading a configuration needs. */
function files(texts: Record<string, string>): Filesystem {
  const readText = async (path: string) => {
    const text = texts[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return text;
  };
  const stat = async (path: string) => readText(path).then(() => ({ kind: 'file' }));
  return { readText, stat } as unknown as Filesystem;
}

const load = (
  texts: Record<string, string>,
  more: Partial<Parameters<typeof loadConfig>[1]> = {},
) =>
  loadConfig(files(texts), { file: undefined, instancesPath: undefined, environment: {}, ...more });

describe('configuration', () => {
  test('every key has a default', () => {
    expect(resolveConfig()).toMatchObject({
      instancesPath: '/var/lib/platter/instances',
      defaultImageType: 'qcow2',
      preallocateImages: 'none',
      snapshotCompression: false,
      imageCache: { subdirectoryName: '_base', minimumAgeSeconds: 86_400 },
      lvm: { volumeClear: 'zero', volumeClearSizeMib: 0, sparse: false },
      rbd: { connectTimeoutSeconds: 5 },
      libvirt: { virtType: 'kvm', diskCachemodes: [] },
      encryption: { enabled: false, cipher: 'aes-xts-plain64', keySize: 512 },
      limits: { toolCpuSeconds: 30, toolMemoryBytes: 2 * 1024 ** 3 },
    });
    expect(resolveConfig().forceRawImages).toBe(undefined);
  });

  test('raw is another name for flat', () => {
    expect(resolveConfig({ defaultImageType: 'raw' }).defaultImageType).toBe('flat');
  });

  test.each<[string, unknown, string]>([
    ['unknown key', { instancePath: '/x' }, 'instancePath'],
    ['unknown key in a section', { rbd: { pol: 'x' } }, 'rbd.pol'],
    ['relative path', { instancesPath: 'x' }, 'instancesPath'],
    ['unknown type', { defaultImageType: 'zfs' }, 'defaultImageType'],
    ['negative count', { maxConcurrentDiskOps: -1 }, 'maxConcurrentDiskOps'],
    [
      'a directory that leads out',
      { imageCache: { subdirectoryName: '../x' } },
      'imageCache.subdirectoryName',
    ],
    [
      'the directory of the locks for templates',
      { imageCache: { subdirectoryName: 'locks' } },
      'imageCache.subdirectoryName',
    ],
    [
      'a cache mode that there is not',
      { libvirt: { diskCachemodes: ['file=slow'] } },
      'libvirt.diskCachemodes.0',
    ],
    ['an unknown hypervisor', { libvirt: { virtType: 'kvn' } }, 'libvirt.virtType'],
    ['a pool with an at', { rbd: { pool: 'a@b' } }, 'rbd.pool'],
    ['text for a number', { limits: { toolCpuSeconds: '30' } }, 'limits.toolCpuSeconds'],
  ])('refuses %s, and names the key', (_, config, key) => {
    expect(() => resolveConfig(config as ConfigInput)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(`"${key}"`),
      }),
    );
  });

  test.each<[unknown, string]>([
    [{ maxConcurrentDiskOps: -1 }, '"maxConcurrentDiskOps" has to be at least 0, not -1'],
    [{ maxConcurrentDiskOps: 1.5 }, '"maxConcurrentDiskOps" has to be a whole number, not 1.5'],
    [{ forceRawImages: 'yes' }, '"forceRawImages" has to be true or false, not "yes"'],
    [{ encryption: { cipher: '' } }, '"encryption.cipher" is empty'],
    [{ preallocateImages: 'full' }, `has to be one of none, space, not "full"`],
    [{ libvirt: { diskCachemodes: 'file=none' } }, 'has to be a list, not "file=none"'],
    [{ instancesPath: '' }, '"instancesPath" is no absolute path: ""'],
  ])('%j is refused in words', (config, message) => {
    expect(() => resolveConfig(config as ConfigInput)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message) }),
    );
  });

  test('images in Ceph are raw', () => {
    expect(() => resolveConfig({ defaultImageType: 'rbd', forceRawImages: false })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('configuration file', () => {
  test('keys are in snake_case, in sections', async () => {
    const text = `
      instances_path = "/srv/vms/"
      default_image_type = "raw"
      [image_cache]
      minimum_age_seconds = 60
      [lvm]
      volume_group = "vg0"
      volume_clear_size_mib = 8`;
    const config = await load({ '/c.toml': text }, { file: '/c.toml' });
    expect(config).toMatchObject({
      instancesPath: '/srv/vms',
      defaultImageType: 'flat',
      imageCache: { minimumAgeSeconds: 60 },
      lvm: { volumeGroup: 'vg0', volumeClearSizeMib: 8 },
    });
  });

  test('is looked for in the order of the contract', async () => {
    const at = (path: string) => `instances_path = "${path}"`;
    const texts = {
      '/named': at('/1'),
      '/env': at('/2'),
      '/xdg/platter/config.toml': at('/3'),
      '/home/me/.config/platter/config.toml': at('/4'),
      '/etc/platter/config.toml': at('/5'),
    };
    const environment = { PLATTER_CONFIG: '/env', XDG_CONFIG_HOME: '/xdg', HOME: '/home/me' };
    const path = async (more: object) => (await load(texts, more)).instancesPath;
    expect(await path({ file: '/named', environment })).toBe('/1');
    expect(await path({ environment })).toBe('/2');
    expect(await path({ environment: { ...environment, PLATTER_CONFIG: undefined } })).toBe('/3');
    expect(await path({ environment: { HOME: '/home/me' } })).toBe('/4');
    expect(await path({ environment: { HOME: '/root' } })).toBe('/5');
    expect(await path({ environment: { XDG_CONFIG_HOME: '', HOME: '/home/me' } })).toBe('/4');
    expect(await path({ environment: { XDG_CONFIG_HOME: 'xdg', HOME: '/home/me' } })).toBe('/4');
    expect(await path({ environment, instancesPath: '/0' })).toBe('/0');
  });

  test.each([
    ['instance_path = "/x"', 'instance_path', 'did you mean "instances_path"?'],
    ['instancesPath = "/x"', 'instancesPath', 'did you mean "instances_path"?'],
    ['[lvm]\nvolume_grop = "x"', 'lvm.volume_grop', 'did you mean "volume_group"?'],
    ['[lvm]\nvolumeGroup = "x"', 'lvm.volumeGroup', 'did you mean "volume_group"?'],
    ['Instances_path = "/x"', 'Instances_path', 'did you mean "instances_path"?'],
    ['[[lvm]]\nvolume_group = "x"', '"lvm" has to be a table', 'write [lvm], not [[lvm]]'],
    ['pool = "x"', 'pool', 'did you mean "rbd.pool"?'],
    ['[limits]\nvolume_group = "x"', 'limits.volume_group', 'did you mean "lvm.volume_group"?'],
    [
      '[encryption]\nzzz = 1',
      'encryption.zzz',
      'known are enabled, cipher, key_size, key_directory',
    ],
  ])('%j is refused with the nearest key', async (text, key, hint) => {
    await expect(load({ '/c': text }, { file: '/c' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(key),
      hint,
    });
  });

  test('says where the text is wrong', async () => {
    await expect(load({ '/c': 'a = 1\nb =\n' }, { file: '/c' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { file: '/c', line: 2 },
    });
  });

  test('one that is named has to be there', async () => {
    await expect(load({}, { file: '/c' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(load({}, { environment: { PLATTER_CONFIG: '/c' } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    await expect(load({}, { file: '' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(load({}, { instancesPath: '' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect((await load({})).instancesPath).toBe('/var/lib/platter/instances');
  });
});

test.each([
  ['30s', 30_000],
  ['5', 5000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['500ms', 500],
])('a duration of %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', 's', '-1s', '5 minutes', '1w', 'NaN'])('%j is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
