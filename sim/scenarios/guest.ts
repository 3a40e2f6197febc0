/** A virtual machine: has its disk open as qemu has, writes, and syncs before it is shut down. */
import type { Inode } from '../volume/inode.ts';
import { guestContent } from '../model/view.ts';
import { diskPath } from '../model/layout.ts';
import type { DiskStore } from '../model/disk-store.ts';
import type { Volume } from '../volume/volume.ts';
import { guestWrite } from './contents.ts';
import type { Performer } from './perform.ts';
import type { OperationSpec } from './scenario.ts';

const runsMsDefault = 3000;

/** Does nothing where the disk is missing or locked: then the machine does not start. Resolves to whether it ran. */
export async function runGuest(
  performer: Performer,
  { subject, pattern = 0, runsMs = runsMsDefault }: OperationSpec,
): Promise<boolean> {
  const { world, process, store } = performer;
  const { volume } = world;
  const path = diskPath(subject);
  const call = <Value>(name: string, effect: () => Value) =>
    world.call(process, `guest.${name}`, path, effect);
  if (store.tellsUse === false && world.machines.length > 1) {
    // Other hosts do not find out: it is gone again before anybody works on its disk.
    return call('run at once', () => {
      const machine = start(performer, subject);
      if (machine === undefined) return false;
      write(volume, machine.inode, pattern, path);
      volume.sync(machine.inode);
      machine.stop();
      return true;
    });
  }
  const machine = await call('open', () => start(performer, subject));
  if (machine === undefined) return false;
  await world.callLater<void>(process, 'guest.run', path, (settle) => {
    world.gate.at(world.gate.nowUs + runsMs * 1000, () => settle.resolve(), process);
  });
  // Removed meanwhile, it is nobody's disk any more.
  const isDisk = () => store.view(subject)?.inode === machine.disk;
  await call('write', () => write(volume, machine.inode, pattern, isDisk() ? path : '/deleted'));
  await call('sync', () => volume.sync(machine.inode));
  await call('close', () => machine.stop());
  return true;
}

/** The machine has its disk open until it is stopped, or dies. */
function start({ world, process, guests, store, isIdle }: Performer, subject: string) {
  if (store.tellsUse === false && !isIdle(subject)) return undefined;
  const inode = open(world.volume, store, subject);
  if (inode === undefined) return undefined;
  const disk = store.view(subject)?.inode ?? inode;
  guests.set(disk, world.portCalls);
  const connection = inode.device?.open?.();
  const close = () => {
    inode.writers = Math.max(0, inode.writers - 1);
    guests.delete(disk);
  };
  // From here on, for the fault may be that it dies of this very call.
  process.onKill = () => {
    close();
    connection?.die();
  };
  return {
    inode,
    disk,
    stop: () => {
      process.onKill = undefined;
      close();
      connection?.close();
    },
  };
}

function open(volume: Volume, store: DiskStore, address: string): Inode | undefined {
  const inode = store.openable(address);
  if (inode === undefined) return undefined;
  if (inode.readers + inode.writers > 0) return undefined;
  const content = volume.content(inode);
  // Clusters that belong to nothing do not keep it from starting.
  const isUsable = content.kind !== 'qcow2' || ['none', 'leaks'].includes(content.damage);
  if (!isUsable) return undefined;
  if (guestContent(volume, content).sizeBytes < 2048) return undefined;
  inode.writers += 1;
  return inode;
}

/** A disk without room for it stays as it is: the guest sees an error. */
function write(volume: Volume, inode: Inode, pattern: number, path: string): void {
  const content = volume.content(inode);
  const written =
    content.kind === 'raw'
      ? guestWrite(content, pattern)
      : { ...content, layer: guestWrite(content.layer, pattern) };
  try {
    volume.setContent(inode, written, path);
  } catch {
    // The guest's own affair.
  }
}
