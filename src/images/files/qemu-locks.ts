/**
 * Who has an image open as qemu does, from /proc/locks (proc(5)): whoever reads it locks one of the bytes from 100 on, whoever
 * does not share something one of those from 200 on (block/file-posix.c, qemu 7.2). Only of this host. Pure.
 */
import { deviceNumber } from '../../device-number.ts';
import type { FileStat } from '../../ports/filesystem.ts';

const firstBytes = [100, 200];
const permissionsMax = 64;

export function isLockedByQemu(
  locks: string,
  { device, inode }: Pick<FileStat, 'device' | 'inode'>,
): boolean {
  return locks.split('\n').some((line) => {
    // 1: OFDLCK ADVISORY  READ -1 fd:00:131085 100 101
    const match = /\sOFDLCK\s.*\s([0-9a-f]+):([0-9a-f]+):(\d+)\s(\d+)\s(?:\d+|EOF)$/.exec(line);
    if (match === null || line.includes('->')) return false;
    const [major = 0, minor = 0] = match.slice(1, 3).map((part) => Number.parseInt(part, 16));
    const start = Number(match[4]);
    const isOfQemu = firstBytes.some((first) => start >= first && start < first + permissionsMax);
    return isOfQemu && Number(match[3]) === inode && deviceNumber(major, minor) === device;
  });
}
