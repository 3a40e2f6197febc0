import type { Invariant } from '../model/invariant.ts';

export const singleFlight: Invariant = {
  id: 'single-flight',
  description:
    'as long as nothing goes wrong, and clocks agree, a template is fetched by one at a time',
  onStep(model, process, name) {
    if (name !== 'fetch.begin' && name !== 'fetch.end') return undefined;
    const { spec } = model.runOf(process) ?? {};
    const template = spec?.kind === 'cache' ? spec.other : spec?.subject;
    if (template === undefined || spec?.kind === 'create generated') return undefined;
    const store = model.isApart ? process.machine.name : 'all';
    const key = `${template} of ${store}`;
    if (name === 'fetch.end') {
      model.fetching.delete(key);
      return undefined;
    }
    const others = model.fetching.get(key);
    model.fetching.set(key, process);
    if (others === undefined || !others.isAlive || model.faults.length > 0) return undefined;
    // Whether a lock is stale is decided by the clock of whoever looks.
    if (model.scenario.machines.some(({ offsetMs }) => offsetMs !== 0)) return undefined;
    return `template ${template} is fetched by ${others.label} and ${process.label} at once`;
  },
};
