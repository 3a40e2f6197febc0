/**
 * What a step touches: paths, the names in a directory, locks, the volume group, the cluster. Two steps can be done in
 * either order when they touch nothing in common, or only read it.
 */

export interface Touch {
  readonly resource: string;
  readonly writes: boolean;
}

const readCalls = /^(filesystem\.(stat|readText|readBytes|open read|space)|file\.(read|stat))$/;
/** Without power cuts these do nothing that anybody sees; and a tool does nothing before its first step. */
const nothing =
  /^(filesystem\.(sync|syncDirectory|supportsDirectIo)|file\.(sync|close)|executor\.run|clock\.sleep|digests\..*|fetch\.end)$/;
const lockReads = /^locks\.(look|look at age|holder|wait)$/;
const toolReads =
  /^(lvs|lvm lvs|rbd .*\b(info|ls|children|status|diff|get|list)\b|qemu-img (info|check (?!.*-r)))/;

/** `command` is what the tool was started with whose step it is. */
export function touchesOf(name: string, subject: string, command: string): readonly Touch[] {
  if (nothing.test(name)) return [];
  if (name.startsWith('locks.')) {
    return [{ resource: `lock ${subject}`, writes: !lockReads.test(name) }];
  }
  if (name.includes(': ')) return ofTool(command);
  const paths = subject.split(' ').filter((path) => path.startsWith('/'));
  if (name === 'filesystem.readDirectory') {
    return paths.map((path) => ({ resource: `names ${path}`, writes: false }));
  }
  const writes = !readCalls.test(name);
  return paths.flatMap((path) => ofPath(path, writes));
}

function ofPath(path: string, writes: boolean): readonly Touch[] {
  const touch = { resource: path, writes };
  if (!writes) return [touch];
  return [touch, { resource: `names ${path.slice(0, path.lastIndexOf('/'))}`, writes }];
}

function ofTool(command: string): readonly Touch[] {
  const writes = !toolReads.test(command);
  const [file = ''] = command.split(' ');
  const store = /^(lv|vg|pv)/.test(file) ? 'volume group' : 'cluster';
  const isOfStore = /^(lv|vg|pv|rbd$|ceph$)/.test(file) || /\brbd:/.test(command);
  const paths = command.match(/(?<![\w.])\/[\w./~@-]+/g) ?? [];
  return [
    ...(isOfStore ? [{ resource: store, writes }] : []),
    ...paths.flatMap((path) => ofPath(path, writes)),
  ];
}

/** What tasks have touched so far, in any run. */
export class Touched {
  readonly #byTask = new Map<number, Map<string, boolean>>();
  /** How much there is: it grows. */
  size = 0;

  copy(): Touched {
    const copy = new Touched();
    for (const [task, known] of this.#byTask) copy.#byTask.set(task, new Map(known));
    copy.size = this.size;
    return copy;
  }

  add(task: number, touches: readonly Touch[]): void {
    const known = this.#byTask.get(task) ?? new Map<string, boolean>();
    this.#byTask.set(task, known);
    for (const { resource, writes } of touches) {
      const before = known.get(resource);
      if (before === true || before === writes) continue;
      known.set(resource, writes);
      this.size += 1;
    }
  }

  /** Whether another task touches any of it, and one of the two writes. */
  isShared(task: number, touches: readonly Touch[]): boolean {
    for (const [other, known] of this.#byTask) {
      if (other === task) continue;
      for (const { resource, writes } of touches) {
        const otherWrites = known.get(resource);
        if (otherWrites !== undefined && (writes || otherWrites)) return true;
      }
    }
    return false;
  }
}
