/** All hosts of a simulated world share one tree; what each has for itself is below a directory of its own. */

const ownPaths = '/sys/';

/** Where what a host has under this path is kept. */
export function hostPath(host: number, path: string): string {
  return path.startsWith(ownPaths) ? `/host-${host}${path}` : path;
}
