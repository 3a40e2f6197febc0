/** A failure for people: what the scenario is, what happened on which host in which order, and what broke. */
import { formatSize } from '../../src/sizes.ts';
import { anyTool, type Fault } from '../faults/fault.ts';
import type { OperationSpec, OwnConfigSpec, Scenario } from '../scenarios/scenario.ts';
import type { FailureFile } from './failure-file.ts';
import type { Moment, Timeline } from './timeline.ts';

export function explainAsText(failure: FailureFile, { moments, result }: Timeline): string {
  return [
    ...aboutFailure(failure),
    '',
    ...aboutScenario(failure.scenario),
    '',
    ...moments.map(lineOf),
    '',
    result.isReproduced
      ? 'The violation is reproduced.'
      : 'The violation is not reproduced: this platter does not fail any more.',
  ].join('\n');
}

export function aboutFailure({ description, violation, seed, profile }: FailureFile): string[] {
  return [
    ...(description === undefined ? [] : [description, '']),
    `${violation.id}: ${violation.message}`,
    `drawn from seed ${seed} of profile ${profile}`,
  ];
}

/** One line for each thing that a scenario is made of. */
export function aboutScenario(scenario: Scenario): string[] {
  const { backend, machines, volume, templates, setUp = [], clients, faults, cluster } = scenario;
  const shared = `a ${volume.isShared ? 'shared' : 'local'} directory`;
  const directory = cluster?.isAllThatIsShared === true ? 'directories of their own' : shared;
  const links = volume.hasReflinks ? 'with' : 'without';
  return [
    `${backend} on ${count(machines.length, 'host')}, ${directory} ${links} reflinks`,
    ...templates.map(
      ({ name, format, sizeBytes, hostile }) =>
        `template ${name}: ${hostile ? 'hostile ' : ''}${format}, ${formatSize(sizeBytes)}`,
    ),
    ...(setUp.length === 0 ? [] : [`set up on host 1: ${programOf(setUp)}`]),
    ...clients.map(
      ({ machine, operations, config }, index) =>
        `client ${index + 1} on host ${machine + 1}${aboutConfig(config)}: ${programOf(operations)}`,
    ),
    ...(machines.some(({ toolsWarn }) => toolsWarn === true) ? ['tools warn at every run'] : []),
    ...faults.map(aboutFault),
    ...(scenario.losesPowerAtEnd === true ? ['at the end: power is cut on all hosts'] : []),
  ];
}

function aboutConfig(own: OwnConfigSpec | undefined): string {
  return own === undefined ? '' : `, configured otherwise (${JSON.stringify(own)})`;
}

function aboutFault({ host, site, nth, kind, since }: Fault): string {
  const where = { '*': `step ${nth}`, [anyTool]: `step ${nth} of tools` }[site];
  const from = since === undefined ? '' : ` since it began to ${since}`;
  return `fault: ${kind} on host ${host + 1}, ${where ?? `${site} number ${nth}`}${from}`;
}

function programOf(operations: readonly OperationSpec[]): string {
  return operations
    .map(({ kind, subject, other, sizeBytes, isHostile, wipe }) =>
      [
        isHostile === true ? 'hostile' : undefined,
        wipe === true ? 'wipe and' : undefined,
        kind,
        subject,
        other,
        sizeBytes === undefined ? undefined : formatSize(sizeBytes),
      ]
        .filter((word) => word !== undefined)
        .join(' '),
    )
    .join('; ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

const whoWidth = 10;

function lineOf({ atMs, host, who, kind, text }: Moment): string {
  const time = `${(atMs / 1000).toFixed(3)} s`.padStart(12);
  if (host === undefined) return `${time}  ${text}`;
  const indent = kind === 'operation' || kind === 'fault' || kind === 'crash' ? '' : '  ';
  const place = `host ${host + 1}`;
  return `${time}  ${place}  ${who.padEnd(whoWidth)}  ${indent}${text}`;
}
