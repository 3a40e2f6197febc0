/** Numbers of devices. */

/** As stat(2) gives it, of up to 32 bits. */
export function deviceNumber(major: number, minor: number): number {
  return (major & 0xfff) * 256 + (minor & 0xff) + (minor >>> 8) * 2 ** 20;
}
