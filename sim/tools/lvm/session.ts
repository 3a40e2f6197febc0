/** What the commands of LVM have in common: the group and its lock, volumes by their names, what is printed. */
import { isHostError } from '../../../src/errors.ts';
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import type { VolumeGroup } from '../../volume-group/volume-group.ts';
import { errnoText, type ToolContext, type ToolResult, type ToolStep } from '../program.ts';
import { LvmFailure } from './failure.ts';
import type { LvmOptions } from './options.ts';

export type LvmSteps = Generator<ToolStep, void, void>;

export interface VolumeName {
  readonly group: string;
  readonly volume: string;
}

export class LvmSession {
  readonly context: ToolContext;
  readonly command: string;
  options: LvmOptions = { values: new Map(), flags: new Set(), words: [] };
  /** The one group of the host. */
  readonly group: VolumeGroup;
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  #exitCode = 0;

  constructor(context: ToolContext, command: string, group: VolumeGroup) {
    this.context = context;
    this.command = command;
    this.group = group;
  }

  say(line: string): void {
    this.#stdout.push(`  ${line}`);
  }

  /** Without the two spaces that LVM puts before its messages. */
  print(output: string): void {
    this.#stdout.push(output);
  }

  warn(line: string): void {
    this.#stderr.push(`  ${line}`);
  }

  /** One of several volumes is at fault; the others are still seen to. */
  fail({ lines, exitCode }: LvmFailure): void {
    for (const line of lines) this.warn(line);
    this.#exitCode = exitCode;
  }

  result(): ToolResult {
    return { exitCode: this.#exitCode, stdout: text(this.#stdout), stderr: text(this.#stderr) };
  }

  /** Held until the command ends, however it ends. */
  *lock(): LvmSteps {
    const { lock, name } = this.group;
    const who = this.context;
    if (lock.isFree) lock.take(who);
    else {
      if (/wait_for_locks\s*=\s*0/.test(this.options.values.get('config') ?? '')) {
        throw new LvmFailure([
          `/run/lock/lvm/V_${name}: flock failed: Resource temporarily unavailable`,
          `Can't get lock for ${name}.`,
          `Cannot process volume group ${name}`,
        ]);
      }
      this.context.held.push(() => lock.leave(who));
      yield* this.#awaitLock();
      return;
    }
    this.context.held.push(() => lock.leave(who));
  }

  /** As long as it takes; SIGTERM ends the waiting (locks.json). */
  *#awaitLock(): LvmSteps {
    const { lock, name } = this.group;
    try {
      const until = (wake: () => void) => lock.wait(this.context, wake);
      yield { name: 'wait for lock', subject: name, until, isInterruptible: true };
    } catch (error) {
      if (!isHostError(error, 'EINTR')) throw error;
      throw new LvmFailure([
        'Interrupted...',
        'Giving up waiting for lock.',
        `Can't get lock for ${name}.`,
        `Cannot process volume group ${name}`,
      ]);
    }
  }

  requireGroup(name: string): void {
    if (name === this.group.name) return;
    throw new LvmFailure([
      `Volume group "${name}" not found`,
      `Cannot process volume group ${name}`,
    ]);
  }

  /** `group/volume`, or a path below /dev. */
  parse(word: string): VolumeName {
    const path = word.replace(/^\/dev\//, '');
    const mapped = /^mapper\/(.+)$/.exec(path)?.[1];
    if (mapped !== undefined) {
      const match = /^((?:[^-]|--)+)-((?:[^-]|--)+)$/.exec(mapped);
      return {
        group: (match?.[1] ?? mapped).replaceAll('--', '-'),
        volume: (match?.[2] ?? '').replaceAll('--', '-'),
      };
    }
    const slash = path.indexOf('/');
    if (slash < 0) return { group: path, volume: '' };
    return { group: path.slice(0, slash), volume: path.slice(slash + 1) };
  }

  /** The volume that a word names. One that is being merged is there for few. */
  find(word: string, options: { alsoMerging?: boolean } = {}): LogicalVolume {
    const { group, volume } = this.parse(word);
    this.requireGroup(group);
    const found = this.group.volumes.get(volume);
    if (found === undefined || (found.isMerging && options.alsoMerging !== true)) {
      throw new LvmFailure([`Failed to find logical volume "${group}/${volume}"`]);
    }
    return found;
  }

  fullName({ name }: { readonly name: string }): string {
    return `${this.group.name}/${name}`;
  }

  /** Makes its device, and brings it up. A failure leaves it inactive. */
  *activate(volume: LogicalVolume): LvmSteps {
    if (volume.isSuspended) {
      yield { name: 'resume device', subject: this.fullName(volume) };
      volume.resume();
    }
    if (volume.isActive) return;
    this.#mergeDelayed(volume);
    yield* this.deviceStep('activate device', volume);
    if (volume.isPromised) {
      throw new LvmFailure(['device-mapper: reload ioctl on  (253:4) failed: No data available']);
    }
    volume.isActive = true;
    yield { name: 'make nodes', subject: this.fullName(volume) };
    this.group.addNodes(volume);
  }

  /** What had to wait for its origin to be closed. */
  #mergeDelayed(origin: LogicalVolume): void {
    for (const snapshot of this.group.volumes.values()) {
      const isDue = snapshot.isMerging && snapshot.kind === 'thin' && snapshot.origin === origin;
      if (isDue) this.group.mergeThin(snapshot, origin);
    }
  }

  *deactivate(volume: LogicalVolume): LvmSteps {
    if (!volume.isActive) return;
    yield* this.deviceStep('remove device', volume);
    this.requireClosed(volume);
    volume.isActive = false;
    this.group.removeNodes(volume);
  }

  *deviceStep(name: string, volume: LogicalVolume): LvmSteps {
    try {
      yield { name, subject: this.fullName(volume) };
    } catch (error) {
      throw new LvmFailure([
        `device-mapper: reload ioctl on  (253:4) failed: ${errnoText(error)}`,
        `Failed to activate ${volume.name}.`,
      ]);
    }
  }

  requireClosed(volume: LogicalVolume): void {
    const name = this.fullName(volume);
    const isMapped = [...this.group.maps.values()].some(
      (map) => (map?.device as { under?: unknown } | undefined)?.under === volume,
    );
    if (isMapped) throw new LvmFailure([`Logical volume ${name} is used by another device.`]);
    if (volume.isOpen) throw new LvmFailure([`Logical volume ${name} in use.`]);
  }

  /** Written and committed; nothing is changed where it cannot be written. */
  *commit(volume: { readonly name: string }): LvmSteps {
    try {
      yield { name: 'commit metadata', subject: this.fullName(volume), takesMs: 30 };
    } catch (error) {
      throw new LvmFailure([
        `Error writing device /dev/vda at 4096 length 512: ${errnoText(error)}.`,
        `Failed to write VG ${this.group.name}.`,
      ]);
    }
  }
}

function text(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
