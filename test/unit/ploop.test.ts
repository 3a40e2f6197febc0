import { readFileSync } from 'node:fs';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  chainOf,
  formatDescriptor,
  newDescriptor,
  parseDescriptor,
  topGuid,
  type Descriptor,
} from '../../src/images/ploop/descriptor.ts';
import { isWellFormed } from '../../src/images/ploop/well-formed.ts';
import { ploopGrow, ploopSnapshot } from '../../src/tools/ploop/argv.ts';
import { classifyPloopFailure } from '../../src/tools/ploop/errors.ts';

interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function recorded(file: string, name: string): Recording {
  const all = JSON.parse(readFileSync(`fixtures/ploop-1.15/${file}.json`, 'utf8')) as Recording[];
  const found = all.find((one) => one.name.startsWith(name));
  if (found === undefined) throw new Error(`nothing is recorded as ${name}`);
  return found;
}

const failure = (file: string, name: string) =>
  classifyPloopFailure({ signal: null, killed: null, ...recorded(file, name) });

describe('descriptors', () => {
  test('what ploop wrote is read', async () => {
    const text = recorded('snapshots', 'the descriptor: with two snapshots').stdout;
    const descriptor = await parseDescriptor(text);
    expect(descriptor.sizeBytes).toBe(32768 * 512);
    expect(descriptor.images.map(({ file }) => file)[0]).toBe('root.hds');
    expect(chainOf(descriptor, topGuid)).toEqual([
      '{11111111-1111-1111-1111-111111111111}',
      '{22222222-2222-2222-2222-222222222222}',
      topGuid,
    ]);
  });

  test('what is written is what restore-descriptor writes', async () => {
    const { stdout } = recorded('restore-descriptor', 'the descriptor: of a raw image of 10 MiB');
    expect(await formatDescriptor(newDescriptor(10 * 1024 * 1024))).toBe(stdout);
  });

  const note = fc.record({
    name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
    sizeBytes: fc.integer({ min: 1, max: 2 ** 30 }).map((blocks) => blocks * 512),
    createdAt: fc
      .date({ min: new Date(0), max: new Date(2 ** 41), noInvalidDate: true })
      .map((date) => date.toISOString()),
  });
  const descriptors: fc.Arbitrary<Descriptor> = fc
    .tuple(
      fc.integer({ min: 1, max: 2 ** 20 }),
      fc.uniqueArray(fc.uuid(), { maxLength: 5 }),
      fc.array(fc.tuple(fc.option(note, { nil: undefined }), fc.boolean()), {
        minLength: 6,
        maxLength: 6,
      }),
    )
    .map(([blocks, uuids, rest]) => {
      const guids = [...uuids.map((uuid) => `{${uuid}}`), topGuid];
      return {
        sizeBytes: blocks * 1024 * 1024,
        blockSectors: 2048,
        images: guids.map((guid, index) => ({
          guid,
          type: 'Plain',
          file: index === 0 ? 'root.hds' : `root.hds.${guid}`,
        })),
        shots: guids.map((guid, index) => ({
          guid,
          parent: guids[index - 1],
          isTemporary: rest[index]?.[1] ?? false,
          note: rest[index]?.[0],
        })),
      };
    });

  property.prop([descriptors])('are read as they were written', async (descriptor) => {
    expect(await parseDescriptor(await formatDescriptor(descriptor))).toEqual(descriptor);
  });

  property.prop([descriptors, fc.nat()])(
    'that are cut off are refused',
    async (descriptor, cut) => {
      const text = (await formatDescriptor(descriptor)).trimEnd();
      await expect(parseDescriptor(text.slice(0, cut % text.length))).rejects.toMatchObject({
        code: 'CORRUPT',
      });
    },
  );

  const good = () => formatDescriptor(newDescriptor(1024 * 1024));
  test.each([
    ['an image elsewhere', 'root.hds<', '/etc/passwd<', 'UNSAFE_IMAGE'],
    ['an image above', 'root.hds<', '../../x<', 'UNSAFE_IMAGE'],
    ['an unknown type', 'Plain', 'Other', 'CORRUPT'],
    ['a size that is none', '<Disk_size>2048', '<Disk_size>many', 'CORRUPT'],
    ['a size beyond numbers', '<Disk_size>2048', '<Disk_size>99999999999999999', 'CORRUPT'],
    ['an unknown top', '<TopGUID>{5', '<TopGUID>{6', 'CORRUPT'],
    ['a parent that is not there', '{0000', '{1111', 'CORRUPT'],
    [
      'a circle',
      '<ParentGUID>{00000000-0000-0000-0000-000000000000}',
      `<ParentGUID>${topGuid}`,
      'CORRUPT',
    ],
    ['another root', /Parallels_disk_image/g, 'Other', 'CORRUPT'],
    ['an entity', 'Plain', '&evil;', 'CORRUPT'],
    ['a document type', '<Parallels_disk_image>', '<!DOCTYPE x><Parallels_disk_image>', 'CORRUPT'],
    ['two elements', '<Padding>0</Padding>', '<Disk_size>1</Disk_size>', 'CORRUPT'],
  ])('with %s is refused', async (_, from, to, code) => {
    const text = (await good()).replace(from, to);
    expect(text).not.toBe(await good());
    await expect(parseDescriptor(text)).rejects.toMatchObject({ code });
  });
});

describe('well-formed XML', () => {
  test.each(['<a/>', '<?xml version="1.0"?>\n<a>x</a>\n', '<a b="c"><!-- d --><e/>&lt;</a>'])(
    '%s',
    (text) => expect(isWellFormed(text)).toBe(true),
  );
  test.each([
    '',
    'x',
    '<a>',
    '</a>',
    '<a></b>',
    '<a/><b/>',
    '<a/>x',
    '<a><b></a></b>',
    '<a',
    '<a>&x;</a>',
  ])('not %j', (text) => expect(isWellFormed(text)).toBe(false));
});

describe('the tool', () => {
  test('sizes are given in KiB, which no version takes for sectors', () => {
    expect(ploopGrow('/d/DiskDescriptor.xml', 32 * 1024 * 1024).args).toEqual([
      ...['grow', '-s', '32768K', '/d/DiskDescriptor.xml'],
    ]);
    expect(ploopSnapshot('/d/x', 'u').args).toEqual(['snapshot', '-u', 'u', '/d/x']);
  });

  test.each([
    ['grow', 'smaller', 'CANNOT_SHRINK'],
    ['grow', 'beyond the space there is', 'NO_SPACE'],
    ['grow', 'image missing', 'NOT_FOUND'],
    ['grow', 'raw image without -f raw', 'CORRUPT'],
    ['restore-descriptor', 'no space for the descriptor', 'NO_SPACE'],
    ['snapshots', 'identifier taken', 'ALREADY_EXISTS'],
    ['disk', 'snapshot-switch, missing', 'NOT_FOUND'],
    ['disk', 'snapshot-delete, missing', 'NOT_FOUND'],
    ['disk', 'resize', 'NOT_SUPPORTED'],
    ['disk', 'mount', 'NOT_SUPPORTED'],
    ['disk', 'check of a damaged one', 'CORRUPT'],
    ['descriptors', 'cut off', 'CORRUPT'],
  ])('%s, %s: %s', (file, name, code) => {
    expect(failure(file, name)).toBe(code);
  });
});
