/** What a sweep was, for people. */
import { formatTable } from '../../src/cli/table.ts';
import type { SweepReport } from './sweep.ts';

export async function sweepText(report: SweepReport, withMatrix: boolean): Promise<string> {
  const number = new Intl.NumberFormat('en-US');
  const counts = [
    `${number.format(report.operations)} operations`,
    `${number.format(report.steps)} steps`,
    `${number.format(report.faultsInjected)} faults`,
    `${number.format(report.crashStates)} crash states`,
    `${number.format(report.schedules)} schedules`,
  ];
  const lines = [
    `${report.backend}: ${counts.join(', ')} (${number.format(report.runs)} runs in ${report.seconds} s)`,
    ...(report.cutsUnfinished === 0
      ? []
      : [`${report.cutsUnfinished} power cuts could leave more states than --states allows`]),
    ...(report.schedulesUnfinished === 0
      ? []
      : [`${report.schedulesUnfinished} pairs have more schedules than --schedules allows`]),
    ...report.violations.flatMap(({ id, message, file }) => [
      `VIOLATION ${id}: ${message}`,
      `  platter sim explain ${file}`,
    ]),
    ...report.missing.map((pair) => `NEVER INJECTED: ${pair}`),
    report.violationsFound === 0
      ? 'no invariant broke'
      : `invariants broke in ${number.format(report.violationsFound)} runs`,
  ];
  if (!withMatrix) return lines.join('\n');
  return [
    ...lines,
    '',
    await formatTable(
      ['SITE', 'FAULTS'],
      report.matrix.map(({ site, injected }) => [site, injected.join(', ')]),
    ),
    ...(report.unreached.length === 0
      ? []
      : ['', `known to profiles, and not reached without trouble: ${report.unreached.join(', ')}`]),
  ].join('\n');
}
