/**
 * Sweeps two deaths in one run: the first at each step of an operation, the second at each step of what comes then, be it
 * the recovery or a machine that is started on the disk. What one death has left the next may break.
 */
import type { Fault } from '../faults/fault.ts';
import { hasDiskFiles, type OperationSpec, type SimBackend } from '../scenarios/scenario.ts';
import {
  contested,
  foreign,
  isPossible,
  put,
  subject,
  subjects,
  type Subject,
  type SweepCase,
} from './cases.ts';
import { deathsAt } from './one-fault.ts';
import { recordSteps } from './recording.ts';
import { plainScenario, settings } from './settings.ts';
import { Sweep, type SweptCase } from './sweep-case.ts';

type Dying = Pick<Subject, 'name' | 'setUp' | 'operation'> & {
  readonly stranger?: OperationSpec;
};

const recover: OperationSpec = { kind: 'recover', subject: '' };
/** Nothing is left of these. */
const harmless: ReadonlySet<string> = new Set(['show', 'list', 'recover']);
const makings: ReadonlySet<string> = new Set(['cache', 'create blank', 'import', 'destroy']);

/** On one host with a directory of its own. */
export function deathsOf(backend: SimBackend): readonly SweepCase[] {
  return settings[backend].flatMap((setting) =>
    subjects
      .filter(({ operation }) => !harmless.has(operation.kind))
      .flatMap((one) => [one, ...amongStrangers(one, backend)])
      .filter(({ setUp, operation }) => isPossible(backend, setting, [...setUp, operation]))
      .map((one) => {
        const scenario = plainScenario(backend, setting, 'raw');
        return {
          id: `${setting.name}/deaths/${one.name}`,
          kind: one.operation.kind,
          scenario: {
            ...scenario,
            volume: { ...scenario.volume, isShared: false },
            setUp: one.setUp,
            clients: [{ machine: 0, operations: programOf(one) }],
          },
        };
      }),
  );
}

/** Who dies goes on with what comes next in its program. */
function programOf({ operation, stranger }: Dying): readonly OperationSpec[] {
  const writes: OperationSpec = { kind: 'guest write', subject: operation.subject, pattern: 601 };
  return [
    operation,
    ...(stranger === undefined ? [] : [stranger]),
    recover,
    ...(operation.subject.includes('/') ? [writes, recover] : []),
  ];
}

/** The same, of the disk whose place somebody else takes. */
function moved(spec: OperationSpec): OperationSpec {
  return spec.subject === subject ? { ...spec, subject: contested } : spec;
}

/** Somebody who is not platter puts a file in the place of a disk or a template between both deaths. */
function amongStrangers(one: Subject, backend: SimBackend): readonly Dying[] {
  const { name, setUp, operation } = one;
  const isOfTemplate = operation.kind.endsWith(' template') || one.isOfTemplate === true;
  const isOfDisk =
    hasDiskFiles(backend) && makings.has(operation.kind) && operation.subject === subject;
  return [
    ...(isOfTemplate ? [{ ...one, name: `${name}-and-stranger`, stranger: put }] : []),
    ...(isOfDisk
      ? [
          {
            name: `${name}-of-contested`,
            setUp: setUp.map(moved),
            operation: moved(operation),
            stranger: foreign,
          },
        ]
      : []),
  ];
}

const kindsOfDeaths = [
  ['kill process', 'kill process'],
  ['kill process', 'cut power'],
  ['cut power', 'cut power'],
] as const;

/** At each of its choices a power cut takes what was not synced. */
const allIsLost: readonly number[] = Array.from({ length: 100 }, () => 1);

export async function sweepDeaths(swept: SweepCase): Promise<SweptCase> {
  const sweep = new Sweep(swept);
  const scenario = { ...swept.scenario, states: allIsLost };
  const steps = await recordSteps(scenario);
  const firsts = steps.flatMap((step) =>
    kindsOfDeaths.flatMap(([first, second]) =>
      deathsAt(step, first).map((death) => ({ death, second })),
    ),
  );
  for (const { death, second } of firsts) {
    sweep.isPossible(death);
    let hasStruck = true;
    for (let nth = 1; hasStruck; nth += 1) {
      const again: Fault = { host: 0, site: '*', since: 'recover', nth, kind: second };
      const { world } = await sweep.run({ ...scenario, faults: [death, again] });
      hasStruck = world.faults.struck.has(again);
      sweep.faults += 1;
    }
  }
  return { ...sweep.sum, steps: steps.length };
}
