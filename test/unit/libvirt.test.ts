import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.ts';
import {
  libvirtDisk,
  libvirtFilesystem,
  type DiskRequest,
  type FilesystemRequest,
} from '../../src/libvirt/describe.ts';
import type { LibvirtSource } from '../../src/libvirt/source.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { PlatterError } from '../../src/errors.ts';
import type { Host } from '../../src/ports/host.ts';

const file: LibvirtSource = { type: 'file', path: '/i/vm1/disk', format: 'qcow2', io: undefined };
const cluster: LibvirtSource = {
  type: 'network',
  protocol: 'rbd',
  name: 'vms/vm1_disk',
  hosts: [
    { name: '10.0.0.1', port: '6789' },
    { name: 'fd00::1', port: '3300' },
  ],
  auth: { username: 'nova', secretUuid: 'u-u-i-d' },
};

/** A host that can, or cannot, do direct I/O, and has these tools. */
function host(
  options: { directIo?: boolean; tools?: Record<string, string>; warnings?: string[] } = {},
) {
  const { directIo = true, tools = {}, warnings = [] } = options;
  return {
    filesystem: { supportsDirectIo: async () => directIo },
    executor: {
      async run({ file: tool }: { file: string }) {
        const stdout = tools[tool];
        if (stdout === undefined) throw new PlatterError('TOOL_MISSING', tool);
        const exitCode = stdout === 'fails' ? 1 : 0;
        return { exitCode, signal: null, stdout, stderr: '', killed: null };
      },
    },
    events: { emit: (event: { message?: string }) => warnings.push(event.message ?? '') },
  } as unknown as Host;
}

async function xml(
  source: LibvirtSource,
  request: DiskRequest = {},
  config: ConfigInput = {},
  on = host(),
): Promise<string> {
  const disk = await libvirtDisk(on, resolveConfig(config), source, request);
  return disk.toXml().replace(/\n\s*/g, '');
}

describe('<disk>', () => {
  test('a file', async () => {
    expect(await xml(file)).toBe(
      '<disk type="file" device="disk"><driver name="qemu" type="qcow2" cache="none"/>' +
        '<source file="/i/vm1/disk"/><target bus="virtio" dev="vda"/></disk>',
    );
  });

  test('elements in the order of the original', async () => {
    const extraSpecs = {
      'quota:disk_read_bytes_sec': '1000',
      'quota:disk_total_iops_sec': '50',
      'quota:cpu_shares': '7',
      disk_write_bytes_sec: '9',
    };
    const request = { diskBus: 'scsi', diskDev: 'sda', diskUnit: 0, bootOrder: 1, extraSpecs };
    const text = await xml(cluster, request, { libvirt: { hwDiskDiscard: 'unmap' } });
    expect(text).toBe(
      '<disk type="network" device="disk"><driver type="raw" cache="none" discard="unmap"/>' +
        '<source protocol="rbd" name="vms/vm1_disk"><host name="10.0.0.1" port="6789"/>' +
        '<host name="fd00::1" port="3300"/></source>' +
        '<auth username="nova"><secret type="ceph" uuid="u-u-i-d"/></auth>' +
        '<target bus="scsi" dev="sda"/>' +
        '<iotune><read_bytes_sec>1000</read_bytes_sec><total_iops_sec>50</total_iops_sec></iotune>' +
        '<boot order="1"/><address type="drive" controller="0" unit="0"/></disk>',
    );
  });

  test('no address without a unit, and none on another bus', async () => {
    expect(await xml(file, { diskBus: 'scsi', diskDev: 'sda' })).not.toContain('address');
    expect(await xml(file, { diskBus: 'virtio', diskUnit: 5 })).not.toContain('address');
    expect(await xml(file, { diskBus: 'scsi', diskUnit: 5 })).toContain('unit="5"');
  });

  test('the cache mode: as configured, as asked, or as the host can', async () => {
    const configured = { libvirt: { diskCachemodes: ['file=directsync', 'block=none'] } };
    expect(await xml(file, { cacheMode: 'writeback' }, configured)).toContain('cache="directsync"');
    expect(await xml(file, { cacheMode: 'writethrough' })).toContain('cache="writethrough"');
    expect(await xml(file, {}, {}, host({ directIo: false }))).toContain('cache="writeback"');
  });

  test.each([
    [{ diskBus: 'virt' }, 'did you mean virtio?'],
    [{ deviceType: 'disc' }, 'did you mean disk?'],
    [{ cacheMode: 'writebak' }, 'did you mean writeback?'],
    [{ diskDev: '/dev/vda' }, 'the name that the guest sees, such as vda'],
    [{ bootOrder: 0 }, 'write a whole number, 1 for the first'],
    [{ diskUnit: -1 }, 'write a whole number from 0 on'],
    [{ diskUnit: 1.5 }, 'write a whole number from 0 on'],
  ])('refuses what libvirt does not know: %j', async (request, hint) => {
    await expect(xml(file, request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', hint });
  });

  test('native I/O falls back to threads where the cache is in the way', async () => {
    const native: LibvirtSource = { ...file, io: 'native' };
    const warnings: string[] = [];
    expect(await xml(native)).toContain('io="native"');
    expect(await xml(native, { cacheMode: 'writeback' }, {}, host({ warnings }))).toContain(
      'io="threads"',
    );
    expect(warnings).toHaveLength(1);
  });

  test.each<[string, number, Record<string, string>, string | undefined]>([
    ['kvm', 0, {}, 'qemu'],
    ['lxc', 0, {}, undefined],
    ['xen', 4_002_000, {}, 'qemu'],
    ['xen', 4_002_000, { xend: 'fails' }, 'qemu'],
    ['xen', 4_002_000, { xend: '', 'tap-ctl': 'ok\n' }, 'tap2'],
    ['xen', 4_000_001, { 'tap-ctl': 'ok\n' }, 'tap2'],
    ['xen', 4_000_000, { 'tap-ctl': 'ok\n' }, 'tap'],
    ['xen', 4_001_000, { 'tap-ctl': 'no\n' }, 'file'],
    ['xen', 4_001_000, {}, 'file'],
  ])('the driver on %s %i with %j is %s', async (virtType, hypervisorVersion, tools, name) => {
    const text = await xml(file, { hypervisorVersion }, { libvirt: { virtType } }, host({ tools }));
    if (name === undefined) expect(text).not.toContain(' name=');
    else expect(text).toContain(`<driver name="${name}"`);
  });

  test('a block device on Xen', async () => {
    const block: LibvirtSource = { type: 'block', path: '/dev/vg/lv', format: 'raw', io: 'native' };
    const text = await xml(block, {}, { libvirt: { virtType: 'xen' } });
    expect(text).toContain('<driver name="phy" type="raw" cache="none" io="native"/>');
    expect(text).toContain('<source dev="/dev/vg/lv"/>');
  });

  test('what has a meaning in XML keeps its own', async () => {
    const strange: LibvirtSource = { ...file, path: '/i/<&">/disk' };
    expect(await xml(strange)).toContain('file="/i/&lt;&amp;&quot;&gt;/disk"');
  });
});

describe('<filesystem>', () => {
  const text = async (source: LibvirtSource, driverType?: 'loop' | 'nbd' | 'ploop') => {
    const filesystem = await libvirtFilesystem(source, {
      target: '/',
      ...(driverType === undefined ? {} : { driverType }),
    });
    return filesystem.toXml().replace(/\n\s*/g, '');
  };

  test.each([{ target: '' }, {}, { target: '/', driverType: 'lop' }])(
    'refuses what libvirt does not know: %j',
    async (request) => {
      await expect(
        libvirtFilesystem(file, request as unknown as FilesystemRequest),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );

  test('loop for raw files, nbd for others, or what is asked for', async () => {
    expect(await text({ ...file, format: 'raw' })).toBe(
      '<filesystem type="file"><driver type="loop" format="raw"/><source file="/i/vm1/disk"/>' +
        '<target dir="/"/></filesystem>',
    );
    expect(await text(file)).toContain('<driver type="nbd" format="qcow2"/>');
    expect(await text(file, 'ploop')).toContain('<driver type="ploop" format="qcow2"/>');
  });

  test('a block device has no driver', async () => {
    const block: LibvirtSource = {
      type: 'block',
      path: '/dev/vg/lv',
      format: 'raw',
      io: undefined,
    };
    expect(await text(block)).toBe(
      '<filesystem type="block"><source dev="/dev/vg/lv"/><target dir="/"/></filesystem>',
    );
  });

  test('images of a cluster are none', async () => {
    await expect(text(cluster)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });
});
