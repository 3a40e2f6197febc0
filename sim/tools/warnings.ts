/**
 * What tools say before anything else on a host that is not quite in order, whatever comes of their work, and at status 0
 * too: rbd and ceph where `admin_socket` cannot be made (fixtures/rbd-16.2/warnings.json), LVM of what it inherits and of
 * its daemons (fixtures/lvm-2.03/basics.json).
 */
const socket = (reason: string) =>
  `2026-01-01T00:00:00.000+0000 7f5955c91380 -1 asok(0x558e7a3f05a0) AdminSocketConfigObs::init: failed: AdminSocket::bind_and_listen: failed to bind the UNIX domain socket to '/nowhere/a.asok': ${reason}\n\n`;

const ofClusters = [
  socket('(2) No such file or directory'),
  socket('(1) Operation not permitted'),
  socket('(20) Not a directory'),
];

const ofVolumes = [
  'File descriptor 7 (/dev/null) leaked on lvs invocation. Parent PID 620: bash\n',
  '  /run/lvm/lvmpolld.socket: connect failed: No such file or directory\n  WARNING: Failed to connect to lvmpolld. Proceeding with polling without using lvmpolld.\n  WARNING: Check global/use_lvmpolld in lvm.conf or the lvmpolld daemon state.\n',
];

const warnings: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(?:rbd|ceph)$/, ofClusters],
  [/^(?:lvm|lv|vg|pv)/, ofVolumes],
];

/** One of those that the tool knows; nothing where none is recorded. */
export function warningOf(file: string, choice: number): string {
  const [, known = []] = warnings.find(([pattern]) => pattern.test(file)) ?? [];
  return known[choice % known.length] ?? '';
}
