/** Which command-line tools there are, in which versions, and which the configuration needs. */
import type { Config } from '../config/config.ts';
import { PlatterError } from '../errors.ts';
import type { Host } from '../ports/host.ts';
import type { Check } from './check.ts';

interface Tool {
  readonly name: string;
  /** Of Debian. */
  readonly packageName: string;
  /** What it does, after its name. */
  readonly purpose: string;
  readonly isNeeded: (config: Config) => boolean;
  /** Makes it tell its version and do nothing. Default is `--version`. */
  readonly args?: readonly string[];
}

const always = () => true;
const usesLvm = ({ lvm, defaultImageType }: Config) =>
  lvm.volumeGroup !== undefined || defaultImageType === 'lvm';
const usesRbd = ({ rbd, defaultImageType }: Config) =>
  rbd.pool !== undefined || defaultImageType === 'rbd';

const usesPloop = ({ defaultImageType }: Config) => defaultImageType === 'ploop';

const tools: readonly Tool[] = [
  {
    name: 'qemu-img',
    packageName: 'qemu-utils',
    purpose: 'makes, converts and grows disks',
    isNeeded: always,
  },
  {
    name: 'prlimit',
    packageName: 'util-linux',
    purpose: 'limits tools that read files from outside',
    isNeeded: always,
  },
  {
    name: 'cp',
    packageName: 'coreutils',
    purpose: 'copies flat disks without their holes',
    isNeeded: always,
  },
  {
    name: 'fallocate',
    packageName: 'util-linux',
    purpose: 'reserves the space of disks (preallocate_images = "space")',
    isNeeded: ({ preallocateImages }) => preallocateImages === 'space',
  },
  {
    name: 'bwrap',
    packageName: 'bubblewrap',
    purpose: 'hides the host from tools that read files from outside',
    isNeeded: () => false,
  },
  { name: 'lvs', packageName: 'lvm2', purpose: 'is for LVM volumes', isNeeded: usesLvm },
  {
    name: 'shred',
    packageName: 'coreutils',
    purpose: 'clears volumes (volume_clear = "shred")',
    isNeeded: (config) => usesLvm(config) && config.lvm.volumeClear === 'shred',
  },
  {
    name: 'cryptsetup',
    packageName: 'cryptsetup-bin',
    purpose: 'is for encrypted volumes',
    isNeeded: ({ encryption }) => encryption.enabled,
  },
  {
    name: 'dmsetup',
    packageName: 'dmsetup',
    purpose: 'looks for the maps of encrypted volumes',
    isNeeded: ({ encryption }) => encryption.enabled,
  },
  { name: 'rbd', packageName: 'ceph-common', purpose: 'is for images in Ceph', isNeeded: usesRbd },
  {
    name: 'ceph',
    packageName: 'ceph-common',
    purpose: 'tells what the Ceph cluster is',
    isNeeded: usesRbd,
  },
  {
    name: 'setpriv',
    packageName: 'util-linux',
    purpose: 'ends ploop with its caller',
    isNeeded: usesPloop,
  },
  {
    name: 'ploop',
    packageName: 'ploop',
    purpose: 'is for ploop disks',
    isNeeded: usesPloop,
    // It has no way to tell its version; without an argument it prints its usage.
    args: [],
  },
];

/** Older ones may work; nobody has tried. */
const oldestQemuImg = [7, 2] as const;

export async function checkTools(host: Host, config: Config): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const tool of tools) {
    const found = await look(host, tool);
    checks.push(judge(tool, found, tool.isNeeded(config)));
  }
  return checks;
}

type Found = { readonly version: string | null } | { readonly failure: PlatterError };

const timeoutMs = 30_000;

async function look({ executor }: Host, { name, args = ['--version'] }: Tool): Promise<Found> {
  try {
    const { stdout, killed } = await executor.run({ file: name, args }, { timeoutMs });
    if (killed !== null) throw new PlatterError('TOOL_FAILED', `${name} does not end`);
    return { version: /\d+\.\d+(?:\.\d+)*/.exec(stdout)?.[0] ?? null };
  } catch (error) {
    if (!PlatterError.is(error)) throw error;
    return { failure: error };
  }
}

function judge({ name, packageName, purpose }: Tool, found: Found, isNeeded: boolean): Check {
  const id = `tool ${name}`;
  const details = { tool: name, package: packageName, isNeeded };
  if ('failure' in found) {
    const { code, message } = found.failure;
    const isMissing = code === 'TOOL_MISSING';
    const text = isMissing ? `${name} is not installed` : message;
    return {
      id,
      status: isNeeded ? 'problem' : isMissing ? 'ok' : 'warning',
      message: isNeeded
        ? `${text}; it ${purpose}`
        : `${text}, and this configuration does not need it; it ${purpose}`,
      hint: `apt-get install ${packageName}`,
      details: { ...details, isPresent: false, version: null },
    };
  }
  const known = { ...details, isPresent: true, version: found.version };
  if (name === 'qemu-img' && isOlder(found.version, oldestQemuImg)) {
    return {
      id,
      status: 'warning',
      message: `qemu-img ${found.version} is older than any that platter was tried with`,
      hint: `qemu-img ${oldestQemuImg.join('.')} or newer is known to work`,
      details: known,
    };
  }
  return {
    id,
    status: 'ok',
    message: `${name}${found.version === null ? '' : ` ${found.version}`} ${purpose}`,
    details: known,
  };
}

function isOlder(version: string | null, [major, minor]: readonly [number, number]): boolean {
  if (version === null) return false;
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map(Number);
  return foundMajor < major || (foundMajor === major && foundMinor < minor);
}
