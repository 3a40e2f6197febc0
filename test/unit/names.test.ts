import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  checkName,
  formatAddress,
  parseAddress,
  parseImageAddress,
  parseSnapshotAddress,
} from '../../src/names.ts';

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
const disk = name.filter((text) => text !== 'disk.info');
const instance = name.filter((text) => !['locks', 'snapshots', 'compute_nodes'].includes(text));

describe('names', () => {
  property.prop([instance, disk, name])('addresses that are written are read', (i, d, s) => {
    const address = { instance: i, disk: d };
    expect(parseImageAddress(formatAddress(address))).toEqual(address);
    expect(parseSnapshotAddress(`${i}/${d}@${s}`)).toEqual({ ...address, snapshot: s });
    expect(parseAddress(`${i}/${d}`)).toEqual(address);
  });

  property.prop([fc.string({ unit: 'binary' })])('anything else is refused', (text) => {
    const isName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text);
    if (isName) expect(checkName('template', text)).toBe(text);
    else expect(() => checkName('template', text)).toThrow(/invalid template name/);
  });

  test.each([['', '..', '.', 'a/b', '-a', '_a', 'a\n', 'a\0', 'ä', ' a', 'a ', 'x'.repeat(64)]])(
    '%j is no name',
    (...texts) => {
      for (const text of texts) expect(() => checkName('disk', text)).toThrow();
    },
  );

  test('names that Nova uses otherwise are kept free', () => {
    expect(() => checkName('disk', 'disk.info')).toThrow(/reserved/);
    expect(() => checkName('instance', 'locks')).toThrow(/reserved/);
    expect(checkName('disk', 'locks')).toBe('locks');
  });
});
