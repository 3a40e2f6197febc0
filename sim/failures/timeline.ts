/** A run as a list of moments that a person can follow: operations, locks, tools, names that change, faults. */
import type { Fault } from '../faults/fault.ts';
import { invariants } from '../invariants/invariants.ts';
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import { describeRun } from '../model/expected.ts';
import type { SimMachine, SimProcess } from '../process.ts';
import type { VolumeChange } from '../volume/volume-change.ts';
import type { Observer } from '../observer.ts';
import type { World } from '../world.ts';
import { condensed } from './condensed.ts';
import type { FailureFile } from './failure-file.ts';
import { replay, type ReplayResult } from './replay.ts';

type MomentKind =
  'operation' | 'lock' | 'tool' | 'step' | 'change' | 'call' | 'fault' | 'crash' | 'violation';

export interface Moment {
  readonly atMs: number;
  readonly step: number;
  /** Number of the host; undefined for what happens to none of them. */
  readonly host: number | undefined;
  /** `client 1`, or a tool. */
  readonly who: string;
  readonly kind: MomentKind;
  readonly text: string;
}

export interface Timeline {
  readonly moments: readonly Moment[];
  readonly result: ReplayResult;
}

/** Runs the failure once more, and looks on. `isWhole`: with every call of a port, and what follows the violation. */
export async function timelineOf(
  failure: FailureFile,
  { isWhole }: { isWhole: boolean },
): Promise<Timeline> {
  const narrator = new Narrator(isWhole);
  const result = await replay(failure, {
    invariants: [narrator.asInvariant, ...invariants],
    observers: [narrator],
  });
  const moments = withViolations(narrator.moments, result);
  return { moments: isWhole ? moments : condensed(moments, failure.violation), result };
}

class Narrator implements Observer {
  readonly moments: Moment[] = [];
  readonly #isWhole: boolean;
  #world: World | undefined;
  #told = 0;

  /** Operations end before invariants judge them. */
  readonly asInvariant: Invariant = {
    id: 'narrator',
    description: 'looks on',
    onStep: (model) => this.#begun(model),
    onDone: (model, run) => {
      this.#begun(model);
      this.#tell(run.process, 'operation', `${describeRun(run)} is done`);
      return undefined;
    },
    onFailed: (model, run) => {
      this.#begun(model);
      const { code = '', message = '' } = run.error ?? {};
      this.#tell(run.process, 'operation', `${describeRun(run)} fails: ${code} ${message}`);
      return undefined;
    },
  };

  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  /** An operation is heard of when something happens that can be of it. */
  #begun(model: Model): undefined {
    this.#world = model.world;
    for (; this.#told < model.runs.length; this.#told += 1) {
      const run = model.runs[this.#told];
      if (run !== undefined) this.#tell(run.process, 'operation', `begins ${describeRun(run)}`);
    }
  }

  onStep(process: SimProcess, name: string, subject: string): void {
    const kind = kindOfCall(process, name);
    if (kind === 'call' && !this.#isWhole) return;
    const what = name === 'executor.run' ? 'runs' : name;
    this.#tell(process, kind, `${what} ${subject}`.trim());
  }

  onChange(process: SimProcess | undefined, { kind, path }: VolumeChange): void {
    if (process === undefined || (!this.#isWhole && isPrivate(path))) return;
    const text = { appear: 'appears', vanish: 'vanishes', content: 'has another content' }[kind];
    this.#tell(process, 'change', `${path} ${text}`);
  }

  onFault({ host, kind, site, amount }: Fault): void {
    const how = amount === undefined ? '' : ` (${amount})`;
    this.#tellHost(host, 'fault', `FAULT: ${kind}${how} at ${site === '*' ? 'this step' : site}`);
  }

  onCrash(process: SimProcess): void {
    const tool = process.parent === undefined ? '' : `${process.label} `;
    this.#tell(process, 'crash', `${tool}is killed`);
  }

  beforePowerCut({ index }: SimMachine): void {
    this.#tellHost(index, 'crash', 'POWER IS CUT');
  }

  #tell(process: SimProcess, kind: MomentKind, text: string): void {
    const who = process.parent === undefined ? process.label : process.parent.label;
    this.moments.push({ ...this.#now(), host: process.machine.index, who, kind, text });
  }

  #tellHost(host: number, kind: MomentKind, text: string): void {
    this.moments.push({ ...this.#now(), host, who: '', kind, text });
  }

  #now(): { atMs: number; step: number } {
    const gate = this.#world?.gate;
    return { atMs: (gate?.nowUs ?? 0) / 1000, step: gate?.steps ?? 0 };
  }
}

/** Each where it was found. */
function withViolations(moments: readonly Moment[], { run }: ReplayResult): readonly Moment[] {
  const all = [...moments];
  for (const { id, message, step } of run.violations) {
    const later = all.findIndex((moment) => moment.step > step);
    const place = later < 0 ? all.length : later;
    const atMs = all[place - 1]?.atMs ?? 0;
    const text = `VIOLATION ${id}: ${message}`;
    all.splice(place, 0, { atMs, step, host: undefined, who: '', kind: 'violation', text });
  }
  return all;
}

/** In a private area only records, workspaces and snapshots as a whole matter to a reader. */
function isPrivate(path: string): boolean {
  return (
    /\/\.platter(\/|$|-probe)|\/platter-(part|removed)-/.test(path) || path.startsWith('/i/locks')
  );
}

function kindOfCall(process: SimProcess, name: string): MomentKind {
  if (process.parent !== undefined) return 'step';
  if (/^locks\.(make directory|remove$|remove stale|remove dead lock)/.test(name)) return 'lock';
  return name === 'executor.run' ? 'tool' : 'call';
}
