/** Templates in the store: what was fetched, or what somebody else has put there. */
import { storedContent } from '../scenarios/contents.ts';
import { forcingsOf } from '../scenarios/own-config.ts';
import type { Scenario, TemplateSpec } from '../scenarios/scenario.ts';
import { fingerprintFile } from '../volume/file-content.ts';
import type { Inode } from '../volume/inode.ts';
import type { World } from '../world.ts';

interface Onlooker {
  readonly world: World;
  readonly scenario: Scenario;
}

/** Whether a file is the template, converted on its way in or not. */
export function isWhole({ world, scenario }: Onlooker, spec: TemplateSpec, inode: Inode): boolean {
  const found = fingerprintFile(world.volume.content(inode));
  return [undefined, ...forcingsOf(scenario)].some(
    (forceRawImages) => found === fingerprintFile(storedContent(spec, forceRawImages)),
  );
}
