/** Templates in the store: what was fetched, or what somebody else has put there. */
import { baseNameOf, parentOf, recordPath } from '../../src/workspace/area.ts';
import { storedContent } from '../scenarios/contents.ts';
import { forcingsOf } from '../scenarios/own-config.ts';
import type { Scenario, TemplateSpec } from '../scenarios/scenario.ts';
import { versionsOf } from '../scenarios/web.ts';
import { fingerprintFile } from '../volume/file-content.ts';
import type { Inode } from '../volume/inode.ts';
import type { Volume } from '../volume/volume.ts';
import type { World } from '../world.ts';

interface Onlooker {
  readonly world: World;
  readonly scenario: Scenario;
}

/** Whether a file is the template, converted on its way in or not. */
export function isWhole({ world, scenario }: Onlooker, spec: TemplateSpec, inode: Inode): boolean {
  const found = fingerprintFile(world.volume.content(inode));
  return versionsOf(scenario, spec).some((version) =>
    [undefined, ...forcingsOf(scenario)].some(
      (forceRawImages) => found === fingerprintFile(storedContent(version, forceRawImages)),
    ),
  );
}

/** What somebody else has put into the store last, by path. */
export function putTemplates(world: World): Map<string, Inode> {
  return world.shared('put templates', () => new Map<string, Inode>());
}

/** Whether platter has recorded what somebody else has put there, and thereby taken it over. */
export function isAdopted(volume: Volume, path: string): boolean {
  return recordOf(volume, path)?.['source'] === 'found in the store';
}

/** What platter has recorded of a template; undefined where it has nothing. */
export function recordOf(
  volume: Volume,
  path: string,
): Readonly<Record<string, unknown>> | undefined {
  const record = recordPath(parentOf(path), baseNameOf(path));
  const file = volume.peek(record) === undefined ? undefined : volume.list(record)[0]?.[1];
  const text = file === undefined ? undefined : volume.text(file);
  return text === undefined || text === '' ? undefined : JSON.parse(text);
}
