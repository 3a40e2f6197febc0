/** What the paths of a simulated world mean: the onlooker reads them as platter's users would. */
import { memoizeByText } from '../memoize.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Inode } from '../volume/inode.ts';
import type { Volume } from '../volume/volume.ts';

export const instancesPath = '/i';

/** Whether the hosts share nothing but a cluster. */
export function isApart({ cluster }: Scenario): boolean {
  return cluster?.isAllThatIsShared === true;
}

/** Where platter keeps what it has: on hosts that share nothing but a cluster each has a directory of its own. */
export function directoriesOf(scenario: Scenario): readonly string[] {
  if (!isApart(scenario)) return [instancesPath];
  return scenario.machines.map((_, machine) =>
    machine === 0 ? instancesPath : `${instancesPath}${machine}`,
  );
}

export function directoryOf(scenario: Scenario, machine: number): string {
  return directoriesOf(scenario)[machine] ?? instancesPath;
}

const inInstancesPath = /^\/i\d*\//;
/** Where sources of templates and exported files are. */
export const outsidePath = '/outside';

export type Meaning =
  | { readonly kind: 'disk'; readonly address: string }
  | { readonly kind: 'snapshot'; readonly address: string; readonly name: string }
  | { readonly kind: 'template'; readonly name: string; readonly path: string }
  | undefined;

export const meaningOf: (path: string) => Meaning = memoizeByText(readMeaning);

function readMeaning(path: string): Meaning {
  const [root] = inInstancesPath.exec(path) ?? [];
  if (root === undefined) return undefined;
  const [instance = '', second = '', third = '', fourth = '', ...rest] = path
    .slice(root.length)
    .split('/');
  if (rest.length > 0) return undefined;
  if (third === '') {
    if (second === '' || second.startsWith('.') || second === 'disk.info') return undefined;
    if (instance === '_base') return { kind: 'template', name: second, path };
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

/** Where a host has a template. */
export function templatePath(scenario: Scenario, machine: number, name: string): string {
  return `${directoryOf(scenario, machine)}/_base/${name}`;
}

/** Where the snapshots of a flat disk are. */
export function flatSnapshotsPath(address: string): string {
  const [instance = '', disk = ''] = address.split('/');
  return `${instancesPath}/${instance}/.platter/${disk}.snapshots`;
}

/** What operations on an image have in hand in a directory, or have left there. */
export function workspacesOn(
  volume: Volume,
  directory: string,
  address: string | undefined,
): readonly Inode[] {
  const [instance = '', disk = ''] = address?.split('/') ?? [];
  const area = `${directory}/${instance}/.platter`;
  if (volume.peek(area) === undefined) return [];
  return volume
    .list(area)
    .filter(([name]) => name.startsWith(`${disk}~`) && name.endsWith('.work'))
    .map(([, inode]) => inode);
}
