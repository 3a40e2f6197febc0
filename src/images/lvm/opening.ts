/** Makes a disk that is there usable: after its host was started anew it may be neither active nor mapped. */
import type { ImageAddress } from '../../names.ts';
import type { Step } from '../../operations/step.ts';
import { activate } from '../../tools/lvm/argv.ts';
import type { VolumeGroup } from '../../tools/lvm/report.ts';
import { exists } from '../../workspace/once.ts';
import { isMapped, keyOf, openMap } from './crypt.ts';
import { imageVolume } from './facts.ts';
import { devicePath } from './names.ts';
import type { Place } from './place.ts';
import { activateVolume } from './run.ts';

export async function openingSteps(
  place: Place,
  group: VolumeGroup,
  address: ImageAddress,
): Promise<readonly Step[]> {
  const volume = imageVolume(group, address);
  if (volume === undefined) return [];
  const { name } = volume;
  const steps: Step[] = [];
  const device = devicePath(place.group, name);
  if (!volume.isActive || !(await exists(place.host.filesystem, device))) {
    steps.push({
      description: `activate volume ${name}`,
      command: activate(place.group, name),
      run: (session) => activateVolume(place, session, session.workspace, name),
    });
  }
  const key = await keyOf(place, place, volume);
  if (key !== undefined && !(await isMapped(place, place, name))) {
    steps.push({
      description: `map the encrypted volume ${name}`,
      run: async (session) => void (await openMap(place, session, name, key)),
    });
  }
  return steps;
}
