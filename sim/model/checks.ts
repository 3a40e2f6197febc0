/** Invariants by the moments at which they look. */
import type { Invariant } from './invariant.ts';

export type HookName = Exclude<keyof Invariant, 'id' | 'description'>;

/** What each hook asks, by hook: most invariants have one or two, and steps and changes are many. */
export type Checks = {
  readonly [Hook in HookName]: readonly {
    readonly id: string;
    readonly check: NonNullable<Invariant[Hook]>;
  }[];
};

export function checksOf(invariants: readonly Invariant[]): Checks {
  return {
    onChange: checksAt(invariants, 'onChange'),
    onAnyChange: checksAt(invariants, 'onAnyChange'),
    onEvent: checksAt(invariants, 'onEvent'),
    onDone: checksAt(invariants, 'onDone'),
    onFailed: checksAt(invariants, 'onFailed'),
    onInterrupted: checksAt(invariants, 'onInterrupted'),
    onPowerCut: checksAt(invariants, 'onPowerCut'),
    onStep: checksAt(invariants, 'onStep'),
    onRecovered: checksAt(invariants, 'onRecovered'),
    onEnd: checksAt(invariants, 'onEnd'),
  };
}

function checksAt<Hook extends HookName>(invariants: readonly Invariant[], hook: Hook) {
  return invariants.flatMap((invariant) => {
    const check = invariant[hook];
    return check === undefined ? [] : [{ id: invariant.id, check }];
  });
}
