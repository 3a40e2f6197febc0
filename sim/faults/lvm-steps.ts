/** Steps of the tools that disks on LVM are made with, at which faults strike. */

const commands: Readonly<Record<string, readonly string[]>> = {
  lvcreate: [
    'read metadata',
    'commit metadata',
    'activate device',
    'make nodes',
    'zero start',
    'suspend origin',
    'create thin device',
    'resume origin',
  ],
  lvextend: ['suspend device', 'commit metadata', 'resume device'],
  lvrename: ['suspend device', 'commit metadata', 'resume device', 'make nodes'],
  lvremove: ['remove device', 'commit metadata', 'delete thin device'],
  lvchange: ['commit metadata', 'remove device', 'activate device', 'make nodes'],
  lvconvert: ['commit metadata'],
  lvs: ['read metadata'],
};

export const lvmSteps: readonly string[] = [
  ...Object.entries(commands).flatMap(([command, steps]) =>
    steps.map((step) => `lvm: ${command} ${step}`),
  ),
  'lvs: read metadata',
];

/**
 * Where LVM itself leaves a thin pool that refuses everything, whatever anybody does (fixtures/lvm-2.03, killed-thin-stuck):
 * nobody promises to survive that.
 */
export const fatalSteps: ReadonlySet<string> = new Set(['lvm: lvcreate set transaction id']);

/** Of what takes as long as the disk is large: there is no limit in time, so that none of them may hang. */
export const deviceSteps: readonly string[] = [
  'blkdiscard: write zeros',
  'blkdiscard: discard',
  'shred: overwrite first half',
  'shred: overwrite second half',
  'sync: flush',
  'qemu-img convert: open target',
  'qemu-img convert: copy second half',
  'qemu-img convert: close target',
];

/** Only reached where disks are encrypted. */
export const cryptSteps: readonly string[] = [
  'cryptsetup create: open device',
  'cryptsetup create: create map',
  'dmsetup: remove map',
  'cryptsetup resize: resize map',
  'keyManager.getSecret',
];
