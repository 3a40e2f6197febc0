/**
 * Command lines of LVM 2.03. Pure. Volumes are always named with their group, sizes are bytes and multiples of 512.
 *
 * Whatever changes something is meant to run as a script (`lvm FILE`): several commands in one process, which stops at
 * the first that fails, with that one's exit status (recorded in thin-template.json). A line of a script has 253
 * characters at most (platter.json), which is why columns are few and tags may come in commands of their own.
 */
import { assert } from '../../errors.ts';
import type { Command } from '../../ports/executor.ts';

const groupColumns = 'vg_name,vg_uuid,vg_size,vg_free,vg_extent_size';
const volumeColumns =
  'lv_name,lv_attr,lv_size,origin,pool_lv,lv_tags,data_percent,metadata_percent';

const reportOptions = ['--reportformat', 'json', '--units', 'b', '--nosuffix', '-o'];

/** All volumes of a group, each with what the group has; nothing at all of a group without volumes. */
export function lvs(group: string): Command {
  return { file: 'lvs', args: [...reportOptions, `${groupColumns},${volumeColumns}`, group] };
}

/** The group alone. */
export function vgs(group: string): Command {
  return { file: 'vgs', args: [...reportOptions, groupColumns, group] };
}

interface NewVolume {
  readonly group: string;
  readonly name: string;
  readonly tags: readonly string[];
}

/**
 * `-y`: wiping an old signature is no question (B074). As many of the tags as the line has room for are there at once, the
 * first ones; of what is killed between two lines they are all that is known. Room for `platter.made` there always is.
 */
function lvcreate({ group, name, tags }: NewVolume, how: string[], target = group): Command[] {
  const command = (count: number): Command => ({
    file: 'lvcreate',
    args: ['-y', ...how, ...addTags(tags.slice(0, count)), '-n', name, target],
  });
  let atOnce = tags.length;
  while (atOnce > 0 && lineOf(command(atOnce)).length > lineCharsMax) atOnce -= 1;
  const later = tags.slice(atOnce);
  return [command(atOnce), ...later.map((tag) => lvchange(...addTags([tag]), `${group}/${name}`))];
}

function addTags(tags: readonly string[]): string[] {
  return tags.map((tag) => `--addtag=${tag}`);
}

const lvchange = (...args: string[]): Command => ({ file: 'lvchange', args });

export function createThick(volume: NewVolume & { sizeBytes: number }): Command[] {
  return lvcreate(volume, ['-L', `${volume.sizeBytes}b`]);
}

export function createThin(volume: NewVolume & { pool: string; sizeBytes: number }): Command[] {
  return lvcreate(volume, ['-V', `${volume.sizeBytes}b`, '--thinpool', volume.pool]);
}

/**
 * With `-L` and `-V` in one command the pool would get the tags, and the volume none. `-Zy`: its blocks are zeroed before they
 * are given out, whatever lvm.conf says of new pools.
 */
export function createPool(pool: NewVolume & { sizeBytes: number }): Command[] {
  return lvcreate(pool, ['--type', 'thin-pool', '-Zy', '-L', `${pool.sizeBytes}b`]);
}

/** Shares all data with its origin, and is independent of it otherwise. Not active. */
export function createThinSnapshot(
  volume: NewVolume & { origin: string; permission: 'r' | 'rw' },
): Command[] {
  const { group, origin, permission } = volume;
  const flags = ['-s', '-kn', '-an', `-p${permission}`];
  return lvcreate(volume, flags, `${group}/${origin}`);
}

/** Of a thick volume: read-only, with a store that takes space of the group. LVM cuts the store to what can be needed. */
export function createClassicSnapshot(
  volume: NewVolume & { origin: string; storeBytes: number },
): Command[] {
  const { group, origin, storeBytes } = volume;
  return lvcreate(volume, ['-s', '-pr', '-L', `${storeBytes}b`], `${group}/${origin}`);
}

/** Refused where the target exists. Works on open volumes. */
export function lvrename(group: string, name: string, newName: string): Command {
  return { file: 'lvrename', args: [group, name, newName] };
}

/** Refused where that is the size already, or smaller. */
export function lvextend(group: string, name: string, sizeBytes: number): Command {
  return { file: 'lvextend', args: ['-L', `${sizeBytes}b`, `${group}/${name}`] };
}

/** Fails where a volume is as large as that already, or larger; changes nothing. */
export function requireSmaller(group: string, name: string, sizeBytes: number): Command {
  const { file, args } = lvextend(group, name, sizeBytes);
  return { file, args: ['--test', ...args] };
}

/** Also where the volume is marked to be skipped. No error where it is active already. */
export function activate(group: string, name: string): Command {
  return lvchange('-ay', '-K', `${group}/${name}`);
}

/**
 * Brings back the device node of an active volume, which activation does not where the volume is active already: a tool
 * that was killed has left it without, on a host on which no udev makes them (nodes.json). Of one volume: for a whole
 * group it ends with status 5 where a thin pool has volumes (thin-nodes.json). Only where it is missing: it takes the link
 * of the volume away for a moment, and for good the node of any map that was being made anew meanwhile (nodes-race.json).
 */
export function makeNode(group: string, name: string): Command {
  return { file: 'vgmknodes', args: [`${group}/${name}`] };
}

/** Refused while anything has it open; a classic snapshot goes with its origin. */
export function deactivate(group: string, name: string): Command {
  return lvchange('-an', `${group}/${name}`);
}

/** An error where it has that permission already. */
export function setPermission(group: string, name: string, permission: 'r' | 'rw'): Command {
  return lvchange(`-p${permission}`, `${group}/${name}`);
}

/** Turns the store of a classic snapshot into a volume of its own, so that it can be cleared. */
export function splitSnapshot(group: string, name: string): Command {
  return { file: 'lvconvert', args: ['-y', '--splitsnapshot', `${group}/${name}`] };
}

/** Refused while it is open. An empty name must never get here: `lvremove -f group` removes all there is. */
export function lvremove(group: string, name: string): Command {
  assert(name !== '', 'a volume that is removed has a name');
  return { file: 'lvremove', args: ['-f', `${group}/${name}`] };
}

/** Runs the script at `path`. */
export function lvmScript(path: string): Command {
  return { file: 'lvm', args: [path] };
}

/**
 * What `lvm FILE` takes for one word: names, sizes and tags need no quotes, and others do not get here. A word that begins
 * with # begins a comment.
 */
const word = /^(?!#)[A-Za-z0-9_+.,\-/=!:&#]+$/;

/** `lvm` reads 255 characters at once, and takes a line that fills them, with its end, for one that goes on. */
const lineCharsMax = 253;

function lineOf({ file, args }: Command): string {
  return [file, ...args].join(' ');
}

/** Text of a script. Its first line is what LVM knows it by. */
export function lvmScriptText(commands: readonly Command[]): string {
  const odd = commands.flatMap(({ args }) => args).find((text) => !word.test(text));
  assert(odd === undefined, `no word of an LVM script: ${odd}`);
  const lines = commands.map(lineOf);
  const long = lines.find((line) => line.length > lineCharsMax);
  assert(long === undefined, `too long for an LVM script: ${long}`);
  return `#!/sbin/lvm\n${lines.join('\n')}\n`;
}
