/** Parsers of the JSON reports of LVM 2.03. Pure. All values are strings; unknown ones are empty, or `unknown`. */
import { PlatterError } from '../../errors.ts';

export interface Volume {
  readonly name: string;
  /** A thin pool; a volume in one; the origin of classic snapshots; one of these; anything else. */
  readonly kind: 'pool' | 'thin' | 'origin' | 'snapshot' | 'plain';
  /** Of a classic snapshot: the size of its store. */
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
  readonly isActive: boolean;
  readonly isOpen: boolean;
  /** Of a pool: new blocks read as zeros. */
  readonly zeroes: boolean;
  /** Of a classic snapshot: its store overflowed, and its content is lost. */
  readonly isInvalid: boolean;
  readonly origin: string;
  readonly pool: string;
  readonly tags: readonly string[];
  /** Percent of a pool, or of a thin volume, that is mapped; null while it is not active. */
  readonly dataPercent: number | null;
  readonly metadataPercent: number | null;
  /** Empty where nothing is wrong: `out_of_data`, `metadata_read_only`, `failed`, … */
  readonly health: string;
}

export interface VolumeGroup {
  readonly name: string;
  readonly uuid: string;
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly extentBytes: number;
  readonly volumes: readonly Volume[];
}

/** Of `lvs`; undefined where the group has no volumes. Lines that a script printed before are passed over. */
export function parseLvs(stdout: string): VolumeGroup | undefined {
  const rows = parseRows(stdout, 'lv');
  const first = rows[0];
  if (first === undefined) return undefined;
  return { ...groupOf(first), volumes: rows.map(volumeOf) };
}

/** Of `vgs`: the group without its volumes; undefined where there is none. */
export function parseVgs(stdout: string): VolumeGroup | undefined {
  const first = parseRows(stdout, 'vg')[0];
  return first === undefined ? undefined : { ...groupOf(first), volumes: [] };
}

type Row = Readonly<Record<string, string>>;

function groupOf(row: Row): Omit<VolumeGroup, 'volumes'> {
  return {
    name: text(row, 'vg_name'),
    uuid: text(row, 'vg_uuid'),
    sizeBytes: count(row, 'vg_size'),
    freeBytes: count(row, 'vg_free'),
    extentBytes: count(row, 'vg_extent_size'),
  };
}

const kinds: Readonly<Record<string, Volume['kind']>> = {
  t: 'pool',
  V: 'thin',
  o: 'origin',
  O: 'origin',
  s: 'snapshot',
  S: 'snapshot',
};

/** Of the ninth character of lv_attr. */
const troubles: Readonly<Record<string, string>> = {
  D: 'out_of_data',
  M: 'metadata_read_only',
  F: 'failed',
  p: 'partial',
};

/** lvs(8) tells what each of the characters of lv_attr means. */
function volumeOf(row: Row): Volume {
  const attributes = text(row, 'lv_attr');
  const tags = text(row, 'lv_tags');
  return {
    name: text(row, 'lv_name'),
    kind: kinds[attributes[0] ?? ''] ?? 'plain',
    sizeBytes: count(row, 'lv_size'),
    isReadOnly: attributes[1] === 'r',
    isActive: attributes[4] === 'a' || attributes[4] === 'I',
    isOpen: attributes[5] === 'o',
    zeroes: attributes[7] === 'z',
    isInvalid: attributes[4] === 'I',
    origin: text(row, 'origin'),
    pool: text(row, 'pool_lv'),
    tags: tags === '' ? [] : tags.split(','),
    dataPercent: percent(row, 'data_percent'),
    metadataPercent: percent(row, 'metadata_percent'),
    health: troubles[attributes[8] ?? ''] ?? '',
  };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw unreadable(JSON.stringify(row));
}

function count(row: Row, column: string): number {
  const value = text(row, column);
  if (/^\d+$/.test(value)) return Number(value);
  throw unreadable(JSON.stringify(row));
}

function percent(row: Row, column: string): number | null {
  const value = text(row, column);
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : null;
}

function parseRows(stdout: string, kind: 'lv' | 'vg'): readonly Row[] {
  try {
    const parsed = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
      report?: readonly Partial<Record<'lv' | 'vg', readonly Row[]>>[];
    };
    const rows = parsed.report?.[0]?.[kind];
    if (Array.isArray(rows)) return rows;
  } catch {
    // Reported below, like every other output that is no report.
  }
  throw unreadable(stdout);
}

function unreadable(output: string): PlatterError {
  return new PlatterError('TOOL_FAILED', 'the report of LVM cannot be read', {
    details: { stdout: output.slice(0, 2000) },
    hint: 'LVM 2.03 or newer is needed',
  });
}
