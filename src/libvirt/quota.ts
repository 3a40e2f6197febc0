/** Limits of a disk's input and output, from the extra specs of a flavor (B135). */
const limits = [
  'disk_read_bytes_sec',
  'disk_read_iops_sec',
  'disk_write_bytes_sec',
  'disk_write_iops_sec',
  'disk_total_bytes_sec',
  'disk_total_iops_sec',
] as const;

/** Names of elements in `<iotune>` to their values, as they were given. */
export type IoTune = Readonly<Record<string, string>>;

/** Only `quota:` keys that libvirt knows for disks count; all others mean something else. */
export function ioTuneOf(extraSpecs: Readonly<Record<string, string>>): IoTune {
  const tune: Record<string, string> = {};
  for (const limit of limits) {
    const value = extraSpecs[`quota:${limit}`];
    if (value !== undefined) tune[limit.slice('disk_'.length)] = value;
  }
  return tune;
}
