/**
 * The gate: the one way by which a file from outside becomes a ProvenImage, and so can reach a tool.
 *
 * The file has to be a private copy that nobody else can write to (ingress/receive.ts made it, or a caller's function
 * wrote it into the workspace), so that what is inspected is what is used.
 */
import { PlatterError, reporting } from '../errors.ts';
import {
  checkDeclaredFormat,
  inspect,
  inspectedEnds,
  toolFormat,
  type Inspection,
} from '../inspector/inspect.ts';
import { isQcow2CutOff } from '../inspector/formats/qcow2-end.ts';
import type { ImageLimits } from '../inspector/limits.ts';
import { adviceOn } from '../inspector/other-content.ts';
import { openFileReader } from '../inspector/reader.ts';
import { violation, type Violation } from '../inspector/violation.ts';
import type { Config } from '../config/config.ts';
import type { Filesystem, FileStat, OpenFile } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { qemuImgInfo } from '../tools/qemu-img/argv.ts';
import { classifyQemuImgFailure, isFaultOfImage } from '../tools/qemu-img/errors.ts';
import { parseQemuImgInfo } from '../tools/qemu-img/output.ts';
import { runTool } from '../tools/run.ts';
import { contain, readingLimits } from './containment.ts';
import { proven, type ProvenImage } from './proven.ts';

/** Inspects a file by platter's own parsers alone; starts no tool. */
export async function inspectFile(
  host: Pick<Host, 'filesystem'>,
  path: string,
  limits: ImageLimits,
  declaredFormat?: string,
): Promise<Inspection> {
  return (await lookAndInspect(host, path, limits, declaredFormat)).inspection;
}

/**
 * The same for what somebody brings as an image, or asks about: it has to be whole. (A disk in use may have clusters behind
 * its end that a crash left.)
 */
export async function inspectImage(
  host: Pick<Host, 'filesystem'>,
  path: string,
  limits: ImageLimits,
  declaredFormat?: string,
): Promise<Inspection> {
  return requiringWhole(host, path, await inspectFile(host, path, limits, declaredFormat));
}

async function requiringWhole(
  { filesystem }: Pick<Host, 'filesystem'>,
  path: string,
  inspection: Inspection,
): Promise<Inspection> {
  if (!inspection.safe || inspection.format !== 'qcow2') return inspection;
  return reporting(`read ${path}`, async () => {
    const file = await filesystem.openRead(path, inspectedEnds);
    try {
      if (!(await isQcow2CutOff(openFileReader(file)))) return inspection;
    } finally {
      file.close();
    }
    const found = 'the file is cut off: it has more in use than is there';
    return { ...inspection, safe: false, violations: [violation('TRUNCATED', found)] };
  });
}

/** A file that is to be received, looked at before anything is done; throws what makes it unsafe. */
export async function inspectSource(
  host: Pick<Host, 'filesystem'>,
  path: string,
  limits: ImageLimits,
  declaredFormat?: string,
): Promise<{ readonly inspection: Inspection; readonly allocatedBytes: number }> {
  const { inspection: found, seen } = await lookAndInspect(host, path, limits, declaredFormat);
  const inspection = await requiringWhole(host, path, found);
  requireSafe(inspection);
  requireDisk(inspection, declaredFormat);
  return { inspection, allocatedBytes: seen.allocatedBytes };
}

async function lookAndInspect(
  host: Pick<Host, 'filesystem'>,
  path: string,
  limits: ImageLimits,
  declaredFormat: string | undefined,
) {
  if (declaredFormat !== undefined) checkDeclaredFormat(declaredFormat);
  const seen = await reporting(`read ${path}`, () => host.filesystem.stat(path));
  return { seen, inspection: await inspectSeen(host, path, seen, { limits, declaredFormat }) };
}

/** The same where the caller has just looked what stands there. */
export async function inspectSeen(
  { filesystem }: Pick<Host, 'filesystem'>,
  path: string,
  seen: FileStat,
  { limits, declaredFormat }: { limits: ImageLimits; declaredFormat?: string | undefined },
): Promise<Inspection> {
  const refusal = judgeFile(seen);
  if (refusal !== undefined) return refused(refusal);
  return reporting(`read ${path}`, async () => {
    const file = await filesystem.openRead(path, inspectedEnds);
    try {
      return await inspectOpenFile(file, limits, declaredFormat);
    } finally {
      file.close();
    }
  });
}

/** Opens a file that somebody named. What is no regular file is not even opened: that alone sets some devices going. */
export function openUntrusted(filesystem: Filesystem, path: string): Promise<OpenFile> {
  return reporting(`read ${path}`, async () => {
    const refusal = judgeFile(await filesystem.stat(path));
    if (refusal !== undefined) throw unsafeError('UNSAFE_IMAGE', [refusal]);
    return filesystem.openRead(path, inspectedEnds);
  });
}

/** The same for a file that is open already, and that is the one to be used then. */
export async function inspectOpenFile(
  file: OpenFile,
  limits: ImageLimits,
  declaredFormat?: string,
): Promise<Inspection> {
  const refusal = judgeFile(file.stat);
  if (refusal !== undefined) return refused(refusal);
  return inspect(openFileReader(file), limits, declaredFormat);
}

function refused(reason: Violation): Inspection {
  return { format: 'raw', virtualSizeBytes: 0, safe: false, violations: [reason] };
}

const isLink = 'it is a symbolic link';
const isNoFile = 'it is no regular file';
const hasOtherNames = 'the file has other names (hard links) by which it can be changed';

function judgeFile(stat: FileStat): Violation | undefined {
  if (stat.kind === 'directory') {
    throw new PlatterError('INVALID_ARGUMENT', 'a directory is no disk image', {
      hint: 'name the image file itself',
    });
  }
  if (stat.kind === 'symlink') return violation('NOT_A_FILE', isLink);
  if (stat.kind !== 'file') return violation('NOT_A_FILE', isNoFile);
  if (stat.links > 1) return violation('NOT_A_FILE', hasOtherNames);
  return undefined;
}

/**
 * Lets a private file through, or throws UNSAFE_IMAGE or FORMAT_MISMATCH. First platter's own parsers decide; then
 * qemu-img, told the format and contained (containment.ts), has to read the same.
 */
export async function passGate(
  host: Host,
  config: Config,
  path: string,
  declaredFormat?: string,
): Promise<ProvenImage> {
  const inspection = await inspectImage(host, path, config.limits, declaredFormat);
  requireSafe(inspection);
  const image = proven(path, toolFormat(inspection.format), inspection.virtualSizeBytes);
  await requireAgreement(host, config, image);
  return image;
}

/** Throws what an inspection that found violations means. */
export function requireSafe(inspection: Inspection): void {
  if (inspection.safe) return;
  const onlyMismatch = inspection.violations.every(({ code }) => code === 'FORMAT_MISMATCH');
  throw unsafeError(onlyMismatch ? 'FORMAT_MISMATCH' : 'UNSAFE_IMAGE', inspection.violations);
}

/**
 * Refuses what somebody names as an image and is none, such as one that was not decompressed. A disk may begin so: whoever
 * says that it is raw is believed.
 */
export function requireDisk({ looksLike }: Inspection, declaredFormat: string | undefined): void {
  if (looksLike === undefined || declaredFormat === 'raw') return;
  throw new PlatterError(
    'FORMAT_MISMATCH',
    `the image looks like ${looksLike}, and not like a disk`,
    {
      details: { looksLike },
      hint: `${adviceOn(looksLike)} If the disk really begins so, say --format raw`,
    },
  );
}

/** For a disk that was taken out of an image: whoever guesses its format must find what it is taken for. */
export async function requirePlain(
  host: Pick<Host, 'filesystem'>,
  path: string,
  limits: ImageLimits,
): Promise<void> {
  const inspection = await inspectFile(host, path, limits);
  if (toolFormat(inspection.format) === 'raw') return requireSafe(inspection);
  const found = `the disk in it begins as ${inspection.format} does, and could be taken for that`;
  throw unsafeError('UNSAFE_IMAGE', [violation('AMBIGUOUS', found)]);
}

function unsafeError(
  code: 'UNSAFE_IMAGE' | 'FORMAT_MISMATCH',
  violations: readonly Violation[],
  cause?: unknown,
): PlatterError {
  const found = violations.map(({ message }) => message).join('; ');
  const text =
    code === 'UNSAFE_IMAGE'
      ? 'the image is refused as unsafe'
      : 'the image is not what it is said to be';
  return new PlatterError(code, `${text}: ${found}`, {
    details: { violations },
    hint: hintFor(code, violations),
    cause,
  });
}

function hintFor(code: 'UNSAFE_IMAGE' | 'FORMAT_MISMATCH', violations: readonly Violation[]) {
  if (code === 'FORMAT_MISMATCH') return 'name the right format with --format, or leave it out';
  const [hint] = violations.flatMap((found) => hints[found.message] ?? hints[found.code] ?? []);
  return (
    hint ?? 'platter inspect FILE tells more; have the image made anew as one self-contained file'
  );
}

const beyondLimits =
  'platter inspect FILE tells more; what is let through stands in [limits] of the configuration';

/** What there is to do about a violation, by its message where its code says too little. */
const hints: Readonly<Record<string, string>> = {
  [isLink]: 'name the file that the link leads to: readlink -f tells which that is',
  [isNoFile]: 'copy what is in it into a regular file, and name that',
  [hasOtherNames]: 'name a copy of the file that has no other name',
  // An inspection starts no tool, and finds nothing then.
  TOOL_DISAGREES:
    'the file is damaged, or of a kind that qemu-img does not know; have the image made anew',
  TOO_LARGE: beyondLimits,
  EXPANSION: beyondLimits,
};

async function requireAgreement(host: Host, config: Config, image: ProvenImage): Promise<void> {
  const files = { reads: [image.path], writes: [] };
  const limits = readingLimits(config.limits);
  const command = await contain(host, qemuImgInfo(image), files, limits);
  const result = await runTool(host.executor, command, {
    action: 'have qemu-img read the image',
    classify: classifyQemuImgFailure,
    timeoutMs: config.limits.toolTimeoutSeconds * 1000,
  }).catch((error: unknown) => {
    if (!PlatterError.is(error) || !isFaultOfImage(error)) throw error;
    throw disagreement(`qemu-img cannot read it as ${image.format}`, error);
  });
  const info = parseQemuImgInfo(result.stdout);
  if (info.reference !== undefined) throw disagreement('qemu-img finds another file behind it');
  if (info.format !== image.format || info.virtualSizeBytes !== image.virtualSizeBytes) {
    throw disagreement(
      `qemu-img reads it as ${info.format} of ${info.virtualSizeBytes} bytes, its own header says ${image.format} of ${image.virtualSizeBytes} bytes`,
    );
  }
}

function disagreement(message: string, cause?: unknown): PlatterError {
  return unsafeError('UNSAFE_IMAGE', [violation('TOOL_DISAGREES', message)], cause);
}
