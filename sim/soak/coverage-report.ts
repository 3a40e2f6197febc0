/** What a soak has seen, as JSON: the matrix of sites and faults, and which operations ended how. */
import { hostFaults } from '../faults/fault.ts';
import { callFaultsAt } from '../faults/possible.ts';
import type { SimBackend } from '../scenarios/scenario.ts';
import type { CoverageData } from './coverage.ts';

export function coverageJson(backend: SimBackend, coverage: CoverageData): string {
  const struck = (site: string) =>
    [...coverage.faults]
      .map(([pair, times]) => [...pair.split(' × '), times] as const)
      .filter(([struckSite]) => struckSite === site)
      .map(([, kind = '', times]) => [kind, times] as const);
  const matrix = sorted(coverage.sites).map(([site, reached]) => {
    const faults = Object.fromEntries(struck(site));
    const possible = [...callFaultsAt(site, backend), ...hostFaults];
    return { site, reached, faults, never: possible.filter((kind) => !(kind in faults)) };
  });
  const report = {
    backend,
    distinctStates: coverage.states.size,
    operations: operationsOf(coverage),
    matrix,
  };
  return `${JSON.stringify(report, null, 1)}\n`;
}

/** Of each kind of operation how often it ended how. */
function operationsOf({ operations }: CoverageData): Record<string, Record<string, number>> {
  const kinds: Record<string, Record<string, number>> = {};
  for (const [ended, times] of sorted(operations)) {
    const [kind = '', outcome = ''] = ended.split(': ');
    kinds[kind] = { ...kinds[kind], [outcome]: times };
  }
  return kinds;
}

function sorted(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
