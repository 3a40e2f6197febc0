/** `lvs`, `vgs`, `pvs`. Recorded in fixtures/lvm-2.03/basics.json: at exit status 5 the report has what was found. */
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { groupColumns, volumeColumns, type Column } from './columns.ts';
import { LvmFailure } from './failure.ts';
import { isSelected } from './selection.ts';
import type { LvmSession, LvmSteps } from './session.ts';

type Row = Readonly<Record<string, string>>;

export function* lvs(session: LvmSession): LvmSteps {
  yield* begin(session);
  const { group, options } = session;
  const found = new Set<LogicalVolume>();
  for (const word of options.words.length === 0 ? [group.name] : options.words) {
    try {
      for (const volume of volumesOf(session, word)) found.add(volume);
    } catch (error) {
      if (!(error instanceof LvmFailure)) throw error;
      session.fail(error);
    }
  }
  const names = columnNames(session, 'lv_name,vg_name,lv_attr,lv_size,pool_lv,origin');
  const rows = [...found]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter((volume) => isShown(session, volume))
    .map((volume) => rowOf(session, names, volumeColumns, volume));
  print(session, 'lv', names, rows);
}

export function* vgs(session: LvmSession): LvmSteps {
  yield* begin(session);
  const { group, options } = session;
  const rows: Row[] = [];
  const names = columnNames(
    session,
    'vg_name,pv_count,lv_count,snap_count,vg_attr,vg_size,vg_free',
  );
  for (const word of options.words.length === 0 ? [group.name] : options.words) {
    try {
      session.requireGroup(word);
      rows.push(rowOf(session, names, groupColumns, group));
    } catch (error) {
      if (!(error instanceof LvmFailure)) throw error;
      session.fail(error);
    }
  }
  print(session, 'vg', names, rows);
}

function* begin(session: LvmSession): LvmSteps {
  yield { name: 'read metadata', subject: session.options.words.join(' '), takesMs: 20 };
  if (!session.options.flags.has('nolocking') && !session.options.flags.has('readonly')) {
    yield* session.lock();
  }
}

function volumesOf(session: LvmSession, word: string): readonly LogicalVolume[] {
  const { group, volume } = session.parse(word);
  if (volume !== '' || word.endsWith('/')) return [session.find(word)];
  session.requireGroup(group);
  return [...session.group.volumes.values()];
}

function isShown({ group, options }: LvmSession, volume: LogicalVolume): boolean {
  if (volume.isMerging && !options.flags.has('all')) return false;
  const selection = options.values.get('select');
  if (selection === undefined) return true;
  return isSelected(selection, (name) => volumeColumns[name]?.(volume, group));
}

function columnNames({ options }: LvmSession, usual: string): readonly string[] {
  const wanted = options.values.get('options') ?? usual;
  return (wanted.startsWith('+') ? `${usual},${wanted.slice(1)}` : wanted).split(',');
}

function rowOf<Subject>(
  { group }: LvmSession,
  names: readonly string[],
  columns: Readonly<Record<string, Column<Subject>>>,
  subject: Subject,
): Row {
  const row: Record<string, string> = {};
  for (const name of names) {
    const column = columns[name];
    if (column === undefined) throw new LvmFailure([`Unrecognised field: ${name}`], 3);
    row[name] = column(subject, group);
  }
  return row;
}

function print(
  session: LvmSession,
  kind: 'lv' | 'vg',
  names: readonly string[],
  rows: readonly Row[],
): void {
  const { values, flags } = session.options;
  if (values.get('reportformat') === 'json') {
    session.print(JSON.stringify({ report: [{ [kind]: rows }] }));
    return;
  }
  const separator = values.get('separator') ?? ' ';
  if (!flags.has('noheadings') && rows.length > 0) session.say(names.join(separator));
  for (const row of rows) session.say(names.map((name) => row[name]).join(separator));
}
