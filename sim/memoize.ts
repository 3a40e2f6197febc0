/** Scenarios have the same few paths again and again: what is a matter of the text alone is found out once. */
const textsMax = 20_000;

export function memoizeByText<Value>(compute: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, { readonly value: Value }>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found.value;
    if (known.size >= textsMax) known.clear();
    const value = compute(text);
    known.set(text, { value });
    return value;
  };
}
