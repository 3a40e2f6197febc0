/** The recorded fault tables of qemu-img 7.2 (fixtures/qemu-img-7.2/faults-*.json), brought into one shape. */
import { readdirSync, readFileSync } from 'node:fs';
import { classifyQemuImgFailure, hasQemuImgSucceeded } from '../../../src/tools/qemu-img/errors.ts';

/** What a run of the tool ended in, as far as it matters to whoever called it. */
export interface FaultOutcome {
  /** An exit status, or the signal that ended the tool. */
  readonly exit: string;
  /** `done`, or the code that the engine gives the failure. */
  readonly result: string;
  /** What is left. */
  readonly left: string;
}

export interface RecordedFault {
  /** The system call that was struck (`pwrite64`), and how (`error=EIO`, `signal=KILL`). */
  readonly call: string;
  readonly fault: string;
  readonly nth: number;
  readonly outcome: FaultOutcome;
}

export interface RecordedCommand {
  readonly name: string;
  readonly argv: readonly string[];
  /** Of changes in place: what the disk was, and what it became without a fault. */
  readonly before: DiskState | undefined;
  readonly after: DiskState | undefined;
  readonly faults: readonly RecordedFault[];
}

export interface DiskState {
  readonly virtualSizeBytes: number;
  /** As `check` says. */
  readonly check: string;
  /** `size:digest`. */
  readonly active: string;
  readonly snapshots: Readonly<Record<string, string>>;
}

interface LeftFile {
  readonly exists: boolean;
  readonly sizeBytes?: number;
  readonly info?: string;
  readonly check?: string;
  readonly content?: string;
}

interface StateEntry extends Omit<DiskState, 'snapshots'> {
  readonly state: string;
  readonly snapshots: readonly string[];
}

interface RawCommand {
  readonly name: string;
  readonly argv: readonly string[];
  readonly before: DiskState | string;
  readonly after?: DiskState;
  readonly states?: readonly StateEntry[];
  readonly runs: readonly {
    readonly inject: string;
    readonly when: readonly number[];
    readonly exitCode?: number | null;
    readonly signal?: string | null;
    readonly stderr?: string;
    readonly left?: LeftFile;
    readonly state?: string;
  }[];
}

const directory = 'fixtures/qemu-img-7.2';

export function recordedCommands(): readonly RecordedCommand[] {
  const files = readdirSync(directory).filter((name) => name.startsWith('faults-'));
  return files.flatMap((name) => {
    const commands = JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')) as RawCommand[];
    return commands.map(recorded);
  });
}

function recorded({ name, argv, before, after, states, runs }: RawCommand): RecordedCommand {
  const stateOf = new Map(states?.map((state) => [state.state, state]));
  const faults = runs.flatMap((run) => {
    // Calls that the command does not make were tried too.
    if (run.exitCode === undefined) return [];
    const { exitCode, signal = null, stderr = '' } = run;
    const state = stateOf.get(run.state ?? '');
    const left = state === undefined ? describeFile(run.left) : describeDisk(state);
    const outcome = { ...endOf({ exitCode, signal, stderr }), left };
    const [call = '', fault = ''] = run.inject.split(':');
    return run.when.map((nth) => ({ call, fault, nth, outcome }));
  });
  const isInPlace = typeof before !== 'string';
  return { name, argv, before: isInPlace ? before : undefined, after, faults };
}

export function endOf(end: {
  exitCode: number | null;
  signal: string | null;
  stderr: string;
}): Pick<FaultOutcome, 'exit' | 'result'> {
  const result = { ...end, stdout: '', killed: null };
  if (end.signal !== null) return { exit: end.signal, result: 'killed' };
  const isDone = hasQemuImgSucceeded(result);
  return { exit: String(end.exitCode), result: isDone ? 'done' : classifyQemuImgFailure(result) };
}

/** `clean`, `leaks`, `corrupt`, or `unreadable`. */
function verdictOf(check: string): string {
  if (check === 'clean') return check;
  if (check.startsWith('exit 3')) return 'leaks';
  return check.startsWith('exit 2') ? 'corrupt' : 'unreadable';
}

function describeFile(file: LeftFile | undefined): string {
  if (file?.exists !== true) return 'no file';
  const size = /virtual size (\d+)/.exec(file.info ?? '')?.[1];
  if (size === undefined) return 'no image';
  const verdict = file.check === undefined ? '' : ` ${verdictOf(file.check)}`;
  return `${size}${verdict} ${file.content === 'right' ? 'right' : 'other'}`;
}

function describeDisk({ virtualSizeBytes, check, active, snapshots }: StateEntry): string {
  const kept = snapshots.map((text) => text.replace(/^\d+:/, '')).join(', ');
  return `${virtualSizeBytes} ${verdictOf(check)} ${between(active)} [${kept}]`;
}

function between(active: string): string {
  return /^(before|after|before = after)$/.test(active) ? active : 'between';
}
