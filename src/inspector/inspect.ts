/**
 * Tells what an untrusted file is and whether it is safe to hand to a tool. Pure over a bounded
 * reader: no tool is started, no other file is opened, whatever the file says.
 */
import { PlatterError } from '../errors.ts';
import {
  wholeSectors,
  type DetectedFormat,
  type FormatParser,
  type Signatures,
} from './format-parser.ts';
import { formatParsers } from './formats/index.ts';
import { defaultImageLimits, type ImageLimits } from './limits.ts';
import { otherContentOf, type OtherContent } from './other-content.ts';
import { Bytes, ReadBudgetSpent, type Reader } from './reader.ts';
import { violation, type Violation } from './violation.ts';

const headBytes = 68 * 1024;
const tailBytes = 1536;

/** What is read of every file: worth reading together with its opening. */
export const inspectedEnds = { headBytes, tailBytes } as const;

/** The formats that qemu-img knows by name: what `-f` takes. */
export type ToolFormat = Exclude<DetectedFormat, 'iso' | 'gpt' | 'mbr'>;

export interface Inspection {
  readonly format: DetectedFormat;
  readonly virtualSizeBytes: number;
  readonly safe: boolean;
  readonly violations: readonly Violation[];
  /** What it begins as, where that is nothing that disks begin as. It is raw then. */
  readonly looksLike?: OtherContent;
}

/** What callers may declare; each stands for what the file then has to be. */
const declarable: Readonly<Record<string, readonly DetectedFormat[]>> = {
  raw: ['raw', 'gpt', 'mbr'],
  gpt: ['gpt'],
  mbr: ['mbr'],
  iso: ['iso'],
  qcow2: ['qcow2'],
  qed: ['qed'],
  vmdk: ['vmdk'],
  vpc: ['vpc'],
  vhd: ['vpc'],
  vhdx: ['vhdx'],
  vdi: ['vdi'],
  parallels: ['parallels'],
  ploop: ['parallels'],
  luks: ['luks'],
};

export function checkDeclaredFormat(format: string): string {
  if (!Object.hasOwn(declarable, format)) {
    throw new PlatterError('INVALID_ARGUMENT', `unknown image format ${JSON.stringify(format)}`, {
      details: { format },
      hint: `formats are ${Object.keys(declarable).join(', ')}`,
    });
  }
  return format;
}

/** The name under which qemu-img knows a detected format. */
export function toolFormat(format: DetectedFormat): ToolFormat {
  return format === 'iso' || format === 'gpt' || format === 'mbr' ? 'raw' : format;
}

/** A limit that is not given has its default: none can be left out by mistake. */
export async function inspect(
  reader: Reader,
  givenLimits: Partial<ImageLimits>,
  declaredFormat?: string,
): Promise<Inspection> {
  const limits = { ...defaultImageLimits, ...givenLimits };
  const violations: Violation[] = [];
  let format: DetectedFormat = 'raw';
  let virtualSizeBytes = 0;
  let looksLike: OtherContent | undefined;
  try {
    const signatures = await readSignatures(reader);
    const parser = identify(signatures, violations);
    if (parser === undefined) {
      virtualSizeBytes = wholeSectors(reader.sizeBytes);
      looksLike = otherContentOf(signatures.head);
    } else {
      format = parser.format;
      const report = await parser.parse(reader, limits);
      virtualSizeBytes = report.virtualSizeBytes;
      violations.push(...report.violations);
    }
  } catch (error) {
    if (!(error instanceof ReadBudgetSpent)) throw error;
    violations.push(
      violation('TOO_MUCH_TO_READ', 'more has to be read of it than any benign image needs'),
    );
  }
  violations.push(
    ...judgeContent(reader.sizeBytes, virtualSizeBytes, violations),
    ...judgeSize(reader.sizeBytes, virtualSizeBytes, limits),
  );
  if (declaredFormat !== undefined && !declarable[declaredFormat]?.includes(format)) {
    violations.push(
      violation('FORMAT_MISMATCH', `declared as ${declaredFormat}, but its content is ${format}`),
    );
  }
  return {
    format,
    virtualSizeBytes: Number.isSafeInteger(virtualSizeBytes) ? virtualSizeBytes : 0,
    safe: violations.length === 0,
    violations,
    ...(looksLike === undefined ? {} : { looksLike }),
  };
}

async function readSignatures(reader: Reader): Promise<Signatures> {
  const head = withWholeSector(await reader.read(0, headBytes));
  const tail = await reader.read(Math.max(0, reader.sizeBytes - tailBytes), tailBytes);
  return { head, tail, sizeBytes: reader.sizeBytes };
}

/** A signature that ends in zeros is one for qemu even where the file ends before them. */
function withWholeSector(head: Bytes): Bytes {
  const missing = wholeSectors(head.length) - head.length;
  return missing === 0 ? head : new Bytes(Buffer.concat([head.raw, new Uint8Array(missing)]));
}

/** Raw images with known content: what lies in them is nothing that a tool would interpret. */
const contentFormats: ReadonlySet<DetectedFormat> = new Set(['iso', 'gpt', 'mbr'] as const);

/**
 * One container format at most. Content formats go together (an image for optical and for USB media
 * at once carries a partition table, B143), and lie inside a container only where the container
 * begins with the disk itself.
 */
function identify(signatures: Signatures, violations: Violation[]): FormatParser | undefined {
  const matching = formatParsers.filter((parser) => parser.matches(signatures));
  const contents = matching.filter(({ format }) => contentFormats.has(format));
  const containers = matching.filter(({ format }) => !contentFormats.has(format));
  const [container] = containers;
  const isInside = container?.payloadAtStart?.(signatures) === true;
  if (containers.length > 1 || (container !== undefined && contents.length > 0 && !isInside)) {
    const names = matching.map(({ format }) => format);
    violations.push(violation('AMBIGUOUS', `it can be read as ${names.join(' and as ')}`));
  }
  return container ?? contents.find(({ format }) => format === 'iso') ?? contents[0];
}

/** A disk of no bytes is none, whatever stands around it; of what is refused anyway the size may not be known. */
function judgeContent(
  fileBytes: number,
  virtualBytes: number,
  others: readonly Violation[],
): Violation[] {
  if (fileBytes === 0) return [violation('EMPTY', 'the file is empty')];
  if (virtualBytes > 0 || others.length > 0) return [];
  return [violation('EMPTY', 'the disk that it holds has no bytes')];
}

function judgeSize(fileBytes: number, virtualBytes: number, limits: ImageLimits): Violation[] {
  const violations: Violation[] = [];
  if (!Number.isSafeInteger(virtualBytes) || virtualBytes > limits.maxVirtualSizeBytes) {
    violations.push(
      violation(
        'TOO_LARGE',
        `its virtual size is above the limit of ${limits.maxVirtualSizeBytes} bytes`,
      ),
    );
  } else if (
    virtualBytes > limits.expansionFloorBytes &&
    virtualBytes > fileBytes * limits.maxExpansionRatio
  ) {
    violations.push(
      violation('EXPANSION', `${virtualBytes} bytes of disk in a file of ${fileBytes} bytes`),
    );
  }
  return violations;
}
