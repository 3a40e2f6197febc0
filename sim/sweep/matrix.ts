/** Which faults struck at which sites: what was possible, and what of it was never injected. */

export interface MatrixRow {
  readonly site: string;
  readonly injected: readonly string[];
  /** Possible there, and never injected. */
  readonly missing: readonly string[];
}

/** From pairs as `site × fault`. */
export function matrixOf(
  possible: Iterable<string>,
  injected: ReadonlySet<string>,
): readonly MatrixRow[] {
  const rows = new Map<string, { injected: string[]; missing: string[] }>();
  for (const pair of [...new Set(possible)].sort()) {
    const [site = '', kind = ''] = pair.split(' × ');
    const row = rows.get(site) ?? { injected: [], missing: [] };
    rows.set(site, row);
    (injected.has(pair) ? row.injected : row.missing).push(kind);
  }
  return [...rows].map(([site, row]) => ({ site, ...row }));
}

export function missingOf(matrix: readonly MatrixRow[]): readonly string[] {
  return matrix.flatMap(({ site, missing }) => missing.map((kind) => `${site} × ${kind}`));
}
