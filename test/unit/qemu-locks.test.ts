/** What /proc/locks says of an image, as it was seen while qemu-nbd 7.2 had two of them open. */
import { expect, test } from 'vitest';
import { isLockedByQemu } from '../../src/images/files/qemu-locks.ts';

const locks = `1: OFDLCK ADVISORY  READ -1 07:00:655490 203 203
2: OFDLCK ADVISORY  READ -1 07:00:655490 100 101
3: POSIX  ADVISORY  WRITE 812 fd:01:77 100 101
4: OFDLCK ADVISORY  READ -1 00:2a:78 0 EOF
5: OFDLCK ADVISORY  READ -1 103:05:79 201 201
`;

test.each([
  ['the image', 0x700, 655_490, true],
  ['another file', 0x700, 655_489, false],
  ['a file of that number elsewhere', 0x701, 655_490, false],
  ['a lock of another kind', 0xfd01, 77, false],
  ['a lock of the whole file, as others take it', 0x2a, 78, false],
  ['a device with a large number', (0x103 & 0xfff) * 256 + 5, 79, true],
])('%s', (_, device, inode, isLocked) => {
  expect(isLockedByQemu(locks, { device, inode })).toBe(isLocked);
});
