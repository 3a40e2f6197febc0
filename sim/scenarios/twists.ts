/** What makes operations of a program that was drawn harder than they were. */
import type { Prng } from '../schedule/prng.ts';
import { importsFile, type ClientSpec, type OperationSpec } from './scenario.ts';

/** Some of what comes from outside is hostile. */
export function withHostile(prng: Prng, clients: readonly ClientSpec[]): readonly ClientSpec[] {
  return clients.map((client) => ({
    ...client,
    operations: client.operations.map((spec) => {
      return isFromOutside(spec) && prng.oneIn(3) ? { ...spec, isHostile: true } : spec;
    }),
  }));
}

function isFromOutside({ kind }: OperationSpec): boolean {
  return importsFile(kind) || kind === 'create generated';
}

/** One disk in three that is destroyed. */
export function withWipes(prng: Prng, clients: readonly ClientSpec[]): readonly ClientSpec[] {
  return clients.map((client) => ({
    ...client,
    operations: client.operations.map((spec) =>
      spec.kind === 'destroy' && prng.oneIn(3) ? { ...spec, wipe: true } : spec,
    ),
  }));
}
