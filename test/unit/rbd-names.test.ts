/** Names in the cluster: exact, and never mistaken for one another. */
import { test as propertyTest, fc } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import {
  addressOf,
  draftName,
  formatLocation,
  imageNameOf,
  namesakesOf,
  parseLocation,
  parseRbdPath,
  qemuPath,
  removedName,
  templateImageName,
  templateOfImage,
} from '../../src/images/rbd/names.ts';

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const instance = name.filter((text) => !['locks', 'snapshots', 'compute_nodes'].includes(text));
const disk = name.filter((text) => text !== 'disk.info');
const address = fc.record({ instance, disk });
const id = fc.stringMatching(/^[0-9a-f]{16}$/);
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);

propertyTest.prop([address, name, id, sha256])(
  'what platter keeps besides is no disk of anybody',
  (where, template, operation, digest) => {
    const image = imageNameOf(where);
    const base = templateImageName({ name: template, sha256: digest });
    const others = [
      base,
      ...[image, base].map((of) => draftName(of, operation)),
      removedName(image, operation),
    ];
    for (const other of others) expect(addressOf(other)).toBe(undefined);
    expect(new Set([image, ...others]).size).toBe(others.length + 1);
    expect(templateOfImage(base)).toBe(template);
    expect(templateOfImage(image)).toBe(null);
  },
);

propertyTest.prop([address, address, id])(
  'the drafts of two images have the same name only when the images have',
  (a, b, operation) => {
    const isSame = imageNameOf(a) === imageNameOf(b);
    expect(draftName(imageNameOf(a), operation) === draftName(imageNameOf(b), operation)).toBe(
      isSame,
    );
  },
);

propertyTest.prop([address, fc.constantFrom('vms', 'vms/ns'), fc.option(name, { nil: undefined })])(
  'an image is found by its path as libvirt has it',
  (where, pool, user) => {
    const spec = `${pool}/${imageNameOf(where)}`;
    for (const path of [spec, `rbd:${spec}`, qemuPath(spec, user, '/etc/ceph/ceph.conf')]) {
      expect(parseRbdPath(pool, where.instance, path)).toEqual(where);
    }
  },
);

test('paths of others are refused', () => {
  const wrong = [
    'vms/vm2_disk',
    'vms',
    'vm1_disk',
    'other/vm1_disk',
    'vms/vm1_',
    'vms/vm10_disk',
    'vms/ns/vm1_disk',
  ];
  for (const path of wrong) expect(() => parseRbdPath('vms', 'vm1', path)).toThrow(/no disk/);
});

test('namesakes are known', () => {
  expect(namesakesOf({ instance: 'a_b', disk: 'c_d' })).toEqual([
    { instance: 'a', disk: 'b_c_d' },
    { instance: 'a_b_c', disk: 'd' },
  ]);
  expect(namesakesOf({ instance: 'vm1', disk: 'disk' })).toEqual([]);
});

test('an address needs both its parts', () => {
  expect(addressOf('vm1_disk')).toEqual({ instance: 'vm1', disk: 'disk' });
  expect(addressOf('vm1_disk.local_1')).toEqual({ instance: 'vm1', disk: 'disk.local_1' });
  for (const other of ['vm1', 'vm1_', '_disk', 'debian-12', 'locks_disk', 'vm 1_disk']) {
    expect(addressOf(other)).toBe(undefined);
  }
});

test('values in paths cannot become options', () => {
  expect(qemuPath('vms/a', 'x:conf=/tmp/y', '/etc/a:b@c\\d')).toBe(
    'rbd:vms/a:id=x\\:conf=/tmp/y:conf=/etc/a\\:b\\@c\\\\d',
  );
});

const part = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => /^[^@/\s]+$/.test(text));
const pool = part.filter((text) => !text.startsWith('-'));
propertyTest.prop([part, pool, part, part])(
  'locations keep their parts, whatever signs are in them',
  (fsid, poolName, image, snapshot) => {
    const location = { fsid, pool: poolName, image, snapshot };
    expect(parseLocation(formatLocation(location))).toEqual(location);
  },
);

test('what is no location of a snapshot is none', () => {
  const wrong = [
    'http://a/b/c/d',
    'rbd://image',
    'rbd://fsid/pool/image',
    'rbd://fsid/pool/image/',
    'rbd:///pool/image/snap',
    'rbd://fsid/pool//snap',
    'rbd://fsid/pool/image/snap/more',
    'rbd://fsid/pool/%zz/snap',
    'rbd://fsid/pool/a%40b/snap',
    'rbd://fsid/--image=vms/vm1_disk/s1',
    'rbd://fsid/%2D%2Dimage=vms/vm1_disk/s1',
    'rbd://fsid/pool/a%2Fb/snap',
  ];
  for (const url of wrong) expect(parseLocation(url), url).toBe(undefined);
});
