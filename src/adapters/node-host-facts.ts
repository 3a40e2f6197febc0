/** What this host and process are, as the kernel tells in /proc. */
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { HostFacts, ProcessIdentity } from '../ports/host-facts.ts';

export function nodeHostFacts(): HostFacts {
  let self: ProcessIdentity | undefined;
  return {
    get self() {
      self ??= identify();
      return self;
    },
    async isRunning(pid, processStart) {
      try {
        const fields = statFields(await readFile(`/proc/${pid}/stat`, 'utf8'));
        // A zombie has ended: only its parent has not noticed yet.
        return fields.start === processStart && fields.state !== 'Z' && fields.state !== 'X';
      } catch {
        return false;
      }
    },
  };
}

function identify(): ProcessIdentity {
  return {
    host: hostname(),
    machine: `${hostname()} ${read('/etc/machine-id')}`,
    boot: read('/proc/sys/kernel/random/boot_id'),
    namespace: readlinkSync('/proc/self/ns/pid'),
    pid: process.pid,
    processStart: statFields(readFileSync('/proc/self/stat', 'utf8')).start,
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** proc(5): the command, in parentheses, may hold anything; state is the first field after it, start time the 20th. */
function statFields(text: string): { state: string; start: string } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}
