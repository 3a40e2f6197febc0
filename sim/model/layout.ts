/** What the paths of a simulated world mean: the onlooker reads them as platter's users would. */
import { memoizeByText } from '../memoize.ts';

export const instancesPath = '/i';
/** Where sources of templates and exported files are. */
export const outsidePath = '/outside';

export type Meaning =
  | { readonly kind: 'disk'; readonly address: string }
  | { readonly kind: 'snapshot'; readonly address: string; readonly name: string }
  | { readonly kind: 'template'; readonly name: string }
  | undefined;

export const meaningOf: (path: string) => Meaning = memoizeByText(readMeaning);

function readMeaning(path: string): Meaning {
  if (!path.startsWith(`${instancesPath}/`)) return undefined;
  const [instance = '', second = '', third = '', fourth = '', ...rest] = path
    .slice(instancesPath.length + 1)
    .split('/');
  if (rest.length > 0) return undefined;
  if (third === '') {
    if (second === '' || second.startsWith('.') || second === 'disk.info') return undefined;
    if (instance === '_base') return { kind: 'template', name: second };
    return { kind: 'disk', address: `${instance}/${second}` };
  }
  if (second !== '.platter' || !third.endsWith('.snapshots')) return undefined;
  const name = /^\d+~(.+)$/.exec(fourth)?.[1];
  if (name === undefined) return undefined;
  return { kind: 'snapshot', address: `${instance}/${third.slice(0, -'.snapshots'.length)}`, name };
}

export function diskPath(address: string): string {
  return `${instancesPath}/${address}`;
}
