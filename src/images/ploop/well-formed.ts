/**
 * Whether a text is well-formed XML of the kind that descriptors are: elements and text alone, closed in order, one root.
 * xmlbuilder2 4 takes a text that ends in the middle of an element for whole.
 */

const prolog = /^(?:\uFEFF)?\s*(?:<\?xml\s[^?<>]*\?>)?\s*/;
/** Comments, tags with attributes, and text; no declarations, no entities but the five and numbers. */
const token =
  /<!--(?:(?!--)[\s\S])*-->|<(\/?)([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|(?:[^<&]|&(?:lt|gt|amp|quot|apos|#\d+|#x[0-9a-fA-F]+);)+/gy;

export function isWellFormed(text: string): boolean {
  const start = prolog.exec(text)?.[0].length ?? 0;
  const open: string[] = [];
  let roots = 0;
  token.lastIndex = start;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) return false;
    const [whole, closing, name, attributes, empty] = match;
    if (name === undefined) {
      if (open.length === 0 && !whole.startsWith('<!--') && whole.trim() !== '') return false;
    } else if (closing === '/') {
      if (attributes !== '' || empty === '/' || open.pop() !== name) return false;
    } else {
      if (open.length === 0) roots += 1;
      if (empty !== '/') open.push(name);
    }
  }
  return open.length === 0 && roots === 1;
}
