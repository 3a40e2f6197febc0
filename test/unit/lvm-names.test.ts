import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  checkVolumeName,
  diskOf,
  imageOf,
  isImage,
  mapPath,
  templateVolumeName,
  volumeName,
} from '../../src/images/lvm/names.ts';
import { isName } from '../../src/names.ts';
import type { Volume } from '../../src/tools/lvm/report.ts';

const names = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/)
  .filter((name) => isName('instance', name) && isName('disk', name));

describe('names of volumes', () => {
  property.prop([names, names])('tell the disk of a given instance', (instance, disk) => {
    expect(diskOf(instance, volumeName({ instance, disk }))).toBe(disk);
  });

  property.prop([names, names, names])('of one instance differ', (instance, a, b) => {
    fc.pre(a !== b);
    expect(volumeName({ instance, disk: a })).not.toBe(volumeName({ instance, disk: b }));
  });

  property.prop([names, names])('are those that LVM takes, or refused', (instance, disk) => {
    const address = { instance, disk };
    try {
      expect(checkVolumeName('vg0', address)).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  test('double each underscore of the disk, as Nova does', () => {
    expect(volumeName({ instance: 'vm1', disk: 'disk.eph_0' })).toBe('vm1_disk.eph__0');
    expect(diskOf('vm1', 'vm1_disk.eph_0')).toBe(undefined);
    expect(diskOf('vm2', 'vm1_disk')).toBe(undefined);
    expect(mapPath('vm1_disk')).toBe('/dev/mapper/vm1_disk-dmcrypt');
    expect(templateVolumeName('a'.repeat(64), 'pool')).toBe(
      `platter-template-${'a'.repeat(16)}-pool`,
    );
  });

  test('that LVM reserves, or that are too long, are refused', () => {
    for (const instance of ['snapshot1', 'pvmove', 'vm1_tdata', 'a_pmspare']) {
      expect(() => checkVolumeName('vg0', { instance, disk: 'disk' })).toThrow(/reserves/);
    }
    const address = { instance: 'a'.repeat(63), disk: 'b'.repeat(60) };
    expect(() => checkVolumeName('vg0', address)).toThrow(/too long/);
  });
});

const volume = (name: string, tags: readonly string[]): Volume => ({
  name,
  kind: 'plain',
  sizeBytes: 0,
  isReadOnly: false,
  isActive: true,
  isOpen: false,
  zeroes: false,
  isInvalid: false,
  origin: '',
  pool: '',
  tags,
  dataPercent: null,
  metadataPercent: null,
  health: '',
});

describe('whose a volume is', () => {
  const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';

  test('its tag says, and for Nova its name', () => {
    const address = { instance: 'vm1', disk: 'disk' };
    expect(isImage(volume('vm1_disk', ['platter.image=vm1/disk']), address)).toBe(true);
    expect(isImage(volume('vm1_disk', []), address)).toBe(false);
    expect(isImage(volume('vm1_disk', ['backup']), address)).toBe(false);
    expect(isImage(volume('x', []), { instance: uuid, disk: 'disk' })).toBe(true);
    expect(imageOf(volume(`${uuid}_disk.local`, []))).toEqual({
      instance: uuid,
      disk: 'disk.local',
    });
    expect(imageOf(volume('data_disk', []))).toBe(undefined);
    // Renamed by hand: no longer the disk's.
    expect(imageOf(volume('kept', ['platter.image=vm1/disk']))).toBe(undefined);
  });

  test('two addresses of one name are told apart', () => {
    const a = { instance: 'x_y_', disk: 'z' };
    const b = { instance: 'x', disk: 'y_z' };
    expect(volumeName(a)).toBe(volumeName(b));
    expect(isImage(volume(volumeName(a), ['platter.image=x/y_z']), a)).toBe(false);
    expect(isImage(volume(volumeName(a), ['platter.image=x/y_z']), b)).toBe(true);
  });
});
