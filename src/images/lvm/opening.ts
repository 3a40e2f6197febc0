/** Makes a disk that is there usable: after its host was started anew it may be neither active nor mapped. */
import type { ImageAddress } from '../../names.ts';
import type { Step } from '../../operations/step.ts';
import { reactivate } from '../../tools/lvm/argv.ts';
import type { VolumeGroup } from '../../tools/lvm/report.ts';
import { exists } from '../../workspace/once.ts';
import { openMap } from './crypt.ts';
import { imageVolume } from './facts.ts';
import { devicePath, mapPath, tagOf } from './names.ts';
import type { Place } from './place.ts';
import { changeVolumes } from './run.ts';

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
    const commands = reactivate(place.group, name);
    const [command] = commands;
    const change = { action: 'activate the disk', commands };
    steps.push({
      description: `activate volume ${name}`,
      command,
      run: async (session) => void (await changeVolumes(place, session, session.workspace, change)),
    });
  }
  const keyId = tagOf(volume, 'key');
  if (keyId !== undefined && !(await exists(place.host.filesystem, mapPath(name)))) {
    steps.push({
      description: `map the encrypted volume ${name}`,
      run: async (session) => void (await openMap(place, session, name, keyId)),
    });
  }
  return steps;
}
