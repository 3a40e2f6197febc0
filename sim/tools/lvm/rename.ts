/** `lvrename`. Recorded in fixtures/lvm-2.03/rename-resize.json and killed-rename.json. */
import { LvmFailure } from './failure.ts';
import { checkName, usage } from './names.ts';
import type { LvmSession, LvmSteps } from './session.ts';

export function* lvrename(session: LvmSession): LvmSteps {
  const { group } = session;
  const { from, to, groupName } = namesOf(session);
  if (from === to) throw usage('lvrename', 'Old and new logical volume names must differ');
  if (to.length > 122) {
    throw usage('lvrename', `New logical volume name "${to}" may not exceed 122 characters.`);
  }
  checkName('lvrename', groupName, to);
  yield { name: 'read metadata', subject: `${groupName}/${from}`, takesMs: 20 };
  session.requireGroup(groupName);
  yield* session.lock();
  const volume = group.volumes.get(from);
  if (volume === undefined) {
    throw new LvmFailure([
      `Existing logical volume "${from}" not found in volume group "${groupName}"`,
    ]);
  }
  if (group.volumes.has(to)) {
    throw new LvmFailure([`Logical Volume "${to}" already exists in volume group "${groupName}"`]);
  }
  if (volume.isActive) {
    yield* session.deviceStep('suspend device', volume);
    volume.suspend();
  }
  try {
    yield* session.commit({ name: `${from} ${to}` });
  } catch (error) {
    volume.resume();
    throw error;
  }
  group.rename(volume, to);
  if (volume.isActive) {
    yield { name: 'resume device', subject: session.fullName(volume) };
    volume.resume();
    yield { name: 'make nodes', subject: session.fullName(volume) };
    group.removeNodes({ name: from });
    group.addNodes(volume);
  }
  session.say(`Renamed "${from}" to "${to}" in volume group "${groupName}"`);
}

/** `group old new`, `group/old group/new` or the paths of both. */
function namesOf(session: LvmSession): { groupName: string; from: string; to: string } {
  const [first = '', second = '', third] = session.options.words;
  if (third !== undefined) {
    const [from = '', to = ''] = [second, third].map((word) => word.split('/').pop());
    return { groupName: first, from, to };
  }
  const old = session.parse(first);
  return { groupName: old.group, from: old.volume, to: second.split('/').pop() ?? '' };
}
