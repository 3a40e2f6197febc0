/** `-S`: comparisons of columns with `=`, `!=` and `=~`, joined by `&&` and `||`. */

export function isSelected(
  selection: string,
  valueOf: (column: string) => string | undefined,
): boolean {
  return selection
    .split('||')
    .some((part) => part.split('&&').every((comparison) => holds(comparison.trim(), valueOf)));
}

function holds(comparison: string, valueOf: (column: string) => string | undefined): boolean {
  const match = /^(\w+)\s*(=~|!=|=)\s*(.*)$/.exec(comparison);
  const [, column = '', operator, text = ''] = match ?? [];
  const value = valueOf(column) ?? '';
  const wanted = text.replace(/^(["'{[])(.*)["'}\]]$/, '$2');
  if (operator === '=~') return new RegExp(wanted).test(value);
  // A list is equal to one of its elements.
  const isEqual = column.endsWith('_tags') ? value.split(',').includes(wanted) : value === wanted;
  return operator === '!=' ? !isEqual : isEqual;
}
