/**
 * Command lines of qemu-img 7.2. Pure. Every file that is read is a ProvenImage, and every format is named; paths are
 * absolute, so that none is taken for an option or for a protocol (D17).
 */
import type { ProvenImage } from '../../ingress/proven.ts';
import type { Command } from '../../ports/executor.ts';

const qemuImg = (...args: string[]): Command => ({ file: 'qemu-img', args });

/**
 * What qemu-img itself reads of a file; without `--force-share` it fails while somebody writes to it. `info` does not open
 * what is behind (no-backing.json), but tells of it.
 */
export function qemuImgInfo(image: ProvenImage, options: { share?: boolean } = {}): Command {
  const share = options.share === true ? ['--force-share'] : [];
  return qemuImg('info', ...share, '--output=json', '-f', image.format, image.path);
}

/** A new file of a format that needs no template. */
export function qemuImgCreate(
  path: string,
  format: 'raw' | 'qcow2',
  sizeBytes: number,
  clusterSizeBytes?: number,
): Command {
  const layout = clusterSizeBytes === undefined ? [] : ['-o', `cluster_size=${clusterSizeBytes}`];
  return qemuImg('create', '-q', '-f', format, ...layout, path, String(sizeBytes));
}

/**
 * A qcow2 overlay (B054): explicit backing format, size given at creation. With `-u` qemu-img writes the name of the
 * backing file down and does not open it: it reads nothing that came from outside, and misses nothing either.
 */
export function qemuImgCreateOverlay(
  path: string,
  backing: ProvenImage,
  sizeBytes: number,
  clusterSizeBytes?: number,
): Command {
  const layout = clusterSizeBytes === undefined ? [] : ['-o', `cluster_size=${clusterSizeBytes}`];
  const leaning = ['-b', backing.path, '-F', backing.format];
  return qemuImg('create', '-q', '-u', '-f', 'qcow2', ...leaning, ...layout, path, `${sizeBytes}`);
}

export interface ConvertOptions {
  readonly source: ProvenImage;
  /** Reads an internal snapshot of a qcow2 source instead of its current state. */
  readonly snapshot?: string | undefined;
  readonly target: string;
  readonly targetFormat: string;
  /** Only for qcow2 targets. */
  readonly compress?: boolean;
  /** Leaves out what the target finds in this backing file anyway; the source must lean on it too. */
  readonly backing?: ProvenImage | undefined;
  /** Writes into an existing target of at least the source's size. */
  readonly intoExisting?: boolean;
  /** Writes to a device past the page cache: then what cannot be written is told at once (thin-full.json). */
  readonly toDevice?: boolean;
}

/**
 * Copies the content of an image (B148). Prints progress on standard output.
 *
 * Nothing is synced, which is what `convert` does by default: whoever syncs the target afterwards is then the first to
 * be told by the kernel of what could not be written. With `-t writeback` qemu-img would be, and keep it to itself.
 */
export function qemuImgConvert(options: ConvertOptions): Command {
  const { source, snapshot, target, targetFormat, backing } = options;
  const choices = [
    ...(snapshot === undefined ? [] : ['-l', `snapshot.id=${snapshot}`]),
    ...(backing === undefined ? [] : ['-B', backing.path, '-F', backing.format]),
    ...(options.compress === true ? ['-c'] : []),
    ...(options.intoExisting === true || options.toDevice === true ? ['-n'] : []),
    ...(options.toDevice === true ? ['-t', 'none'] : []),
  ];
  const formats = ['-f', source.format, '-O', targetFormat];
  return qemuImg('convert', '-p', ...formats, ...choices, source.path, target);
}

/**
 * Grows. `mayShrink` is for private copies alone: no disk ever shrinks. What the file leans on is not opened, but where
 * `opensChain`: growing beyond the end of what is behind it needs nothing of that.
 */
export function qemuImgResize(
  image: ProvenImage,
  sizeBytes: number,
  { mayShrink = false, opensChain = false } = {},
): Command {
  const shrink = mayShrink ? ['--shrink'] : [];
  const file = opensChain ? ['-f', image.format, image.path] : fileAlone(image);
  return qemuImg('resize', '-q', ...shrink, ...file, String(sizeBytes));
}

/** `snapshot` is a name, but for `apply`, which takes it for an id first: there it has to be the id. */
export function qemuImgSnapshot(
  action: 'create' | 'apply' | 'delete',
  image: ProvenImage,
  snapshot: string,
): Command {
  const flag = { create: '-c', apply: '-a', delete: '-d' }[action];
  return qemuImg('snapshot', '-q', flag, snapshot, nameOfAlone(image));
}

/**
 * The file, its format, and nothing behind it: a change of a qcow2 file's own tables needs no byte of what the disk leans
 * on, and that is a stranger's. What is left in the file is the same (no-backing.json).
 */
function fileAlone(image: ProvenImage): string[] {
  return image.format === 'qcow2' ? [nameOfAlone(image)] : ['-f', image.format, image.path];
}

/** A name that says it all; `snapshot` has no `-f`, and `--image-opts` no way to say that there is no backing file. */
function nameOfAlone({ format, path }: ProvenImage): string {
  const file = { driver: 'file', filename: path };
  return `json:${JSON.stringify({ driver: format, file, backing: null })}`;
}

/**
 * Fails while somebody else has the image open who does not want it changed, and changes nothing. `info` would do for
 * qcow2, but passes on raw images that a virtual machine writes to; on those `check` takes the lock, and then says by
 * exit status 63 that there is nothing to check.
 */
export function qemuImgTakeLock(image: ProvenImage): Command {
  if (image.format === 'qcow2') return qemuImgInfo(image);
  return qemuImgRepairLeaks(image);
}

/** Gives back clusters that an interrupted change left allocated to nothing. */
export function qemuImgRepairLeaks(image: ProvenImage): Command {
  return qemuImg('check', '-q', '-r', 'leaks', '--output=json', ...fileAlone(image));
}
