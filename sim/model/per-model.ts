/** What an invariant remembers of a run: made when it is first wanted, and gone with the model. */
import type { Model } from './model.ts';

export function perModel<State>(make: () => State): (model: Model) => State {
  const states = new WeakMap<Model, { readonly state: State }>();
  return (model) => {
    const known = states.get(model) ?? { state: make() };
    states.set(model, known);
    return known.state;
  };
}
