/** What a soak was, for people. */
import { formatTable } from '../../src/cli/table.ts';
import type { SoakResult } from '../soak/soak.ts';
import type { RunReport } from './run.ts';

const shownMax = 10;

export async function reportText(
  report: RunReport,
  { coverage }: SoakResult,
  withCoverage: boolean,
): Promise<string> {
  const number = new Intl.NumberFormat('en-US');
  const { scenarios, scenariosPerSecond, portCalls, portCallsPerSecond } = report;
  const lines = [
    `${report.backend}, profile ${report.profile}, from seed ${report.seed}`,
    `${number.format(scenarios)} scenarios (${number.format(scenariosPerSecond)} a second), ${number.format(report.operations)} operations, ${number.format(portCalls)} calls (${number.format(portCallsPerSecond)} a second)`,
    `${number.format(report.simulatedSeconds)} s simulated (${number.format(report.timesRealTime)} times real time), ${number.format(report.distinctStates)} distinct states, ${report.repeated} scenarios repeated, trace ${report.traceHash}`,
    ...report.violations
      .slice(0, shownMax)
      .flatMap(({ id, message, file }) => [
        `VIOLATION ${id}: ${message}`,
        ...(file === null ? [] : [`  platter sim explain ${file}`]),
      ]),
    ...(report.violations.length > shownMax
      ? [`and ${report.violations.length - shownMax} more`]
      : []),
    ...(report.violations.length === 0 ? ['no invariant broke'] : []),
  ];
  if (!withCoverage) return lines.join('\n');
  const rows = (counts: ReadonlyMap<string, number>) =>
    [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, times]) => [name, number.format(times)]);
  return [
    ...lines,
    '',
    await formatTable(['OPERATION AND OUTCOME', 'TIMES'], rows(coverage.operations)),
    '',
    await formatTable(['SITE × FAULT', 'STRUCK'], rows(coverage.faults)),
    '',
    await formatTable(['SITE', 'REACHED'], rows(coverage.sites)),
  ].join('\n');
}
