/**
 * The text in which a VMDK says what it consists of ("Virtual Disk Format 5.0", VMware 2011). Read
 * strictly, because tools read it loosely: qemu searches it for names wherever they stand, comments
 * and values included.
 */
import { judge, type Violation } from '../violation.ts';

export interface VmdkExtent {
  readonly access: string;
  readonly sectors: number;
  readonly type: string;
  readonly name: string;
}

export interface VmdkDescriptor {
  readonly values: ReadonlyMap<string, string>;
  readonly extents: readonly VmdkExtent[];
  readonly violations: readonly Violation[];
}

const firstLine = '# Disk DescriptorFile';
/**
 * Everything else, a parent, a change-tracking file or a key in other letters, is refused by its
 * name alone.
 */
const knownKeys = new Set([
  'version',
  'encoding',
  'CID',
  'parentCID',
  'isNativeSnapshot',
  'createType',
]);
const databaseKey = /^ddb\.[A-Za-z0-9_.-]+$/;
const keyLine = /^([A-Za-z0-9_.-]+) *= *(?:"([^"]*)"|([!#-~]+)) *$/;
/** A place in the file behind its name have flat extents alone: for others qemu takes such a line for no extent. */
const extentLine =
  /^([A-Z]+) ([0-9]{1,15}) ([A-Z0-9]+)(?: "([^"]*)"(?:(?<=FLAT "[^"]*") [0-9]+)?)?$/;
/** Any letter of any encoding, and the line end; no tab, no carriage return, no NUL. */
const strangeCharacter = /[^\n\x20-\x7e\x80-\xff]/;
const parentKey = /parentFileNameHint/i;
const noParent = 'ffffffff';
/** VirtualBox names parents by these keys, too. */
const parentUuidKeys = ['ddb.uuid.parent', 'ddb.uuid.parentmodification'];

/** Reads a descriptor of which every byte is one character. */
export function parseVmdkDescriptor(text: string): VmdkDescriptor {
  const values = new Map<string, string>();
  const spellings = new Set<string>();
  const extents: VmdkExtent[] = [];
  let isRepeated = false;
  let isStrange = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || /^ *$/.test(line)) continue;
    const extent = extentLine.exec(line);
    const [, key, quoted, plain] = keyLine.exec(line) ?? [];
    if (extent !== null) {
      const [, access = '', sectors = '', type = '', name = ''] = extent;
      extents.push({ access, sectors: Number(sectors), type, name });
    } else if (key !== undefined && (knownKeys.has(key) || databaseKey.test(key))) {
      isRepeated ||= spellings.has(key.toLowerCase());
      spellings.add(key.toLowerCase());
      values.set(key, quoted ?? plain ?? '');
    } else {
      isStrange = true;
    }
  }
  const violations = [
    ...judgeText(text, isRepeated, isStrange),
    ...judgeIdentity(values),
    ...judgeParent(text, values),
  ];
  return { values, extents, violations };
}

function judgeText(text: string, isRepeated: boolean, isStrange: boolean): Violation[] {
  return judge([
    [strangeCharacter.test(text), 'DESCRIPTOR', 'the descriptor holds control characters'],
    [
      !text.startsWith(`${firstLine}\n`) || text.split(/disk descriptorfile/i).length !== 2,
      'DESCRIPTOR',
      'the descriptor does not begin, once, as a descriptor has to',
    ],
    [isRepeated, 'DESCRIPTOR', 'the descriptor holds a key more than once'],
    [isStrange, 'DESCRIPTOR', 'the descriptor holds a line that is not known'],
    // A search for the name has to find the line that is meant.
    [occurrences(text, 'createType') !== 1, 'DESCRIPTOR', 'the create type is not named once'],
    [occurrences(text, 'CID') !== 2, 'DESCRIPTOR', 'the content ids are not named once'],
  ]);
}

function judgeIdentity(values: ReadonlyMap<string, string>): Violation[] {
  return judge([
    [!/^[1-3]$/.test(values.get('version') ?? ''), 'VERSION', 'the version is not known'],
    [!/^[0-9A-Fa-f]{1,8}$/.test(values.get('CID') ?? ''), 'DESCRIPTOR', 'the CID is no number'],
  ]);
}

function judgeParent(text: string, values: ReadonlyMap<string, string>): Violation[] {
  const parentUuid = parentUuidKeys.map((key) => values.get(key) ?? '').join('');
  return judge([
    [
      (values.get('parentCID') ?? noParent) !== noParent ||
        parentKey.test(text) ||
        /[^0-]/.test(parentUuid),
      'PARENT',
      'the image leans on a parent, or names one',
    ],
  ]);
}

function occurrences(text: string, name: string): number {
  return text.split(name).length - 1;
}
