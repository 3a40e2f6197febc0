/**
 * The brand that lets a file reach a tool. Command builders take a ProvenImage and nothing else, so that handing an
 * unproven file to qemu-img does not compile.
 */
import type { ToolFormat } from '../inspector/inspect.ts';

declare const brand: unique symbol;

export interface ProvenImage {
  readonly path: string;
  /** Named to the tool in every call; never guessed by it. */
  readonly format: ToolFormat;
  readonly virtualSizeBytes: number;
  /** Whether its content came from outside: tools that read it are contained (containment.ts). */
  readonly isFromOutside: boolean;
  /** Path of what it leans on, which is opened with it. */
  readonly behind?: string;
  readonly [brand]: true;
}

/** Only for gate.ts, which has inspected the very file. */
export function proven(path: string, format: ToolFormat, virtualSizeBytes: number): ProvenImage {
  return { path, format, virtualSizeBytes, isFromOutside: true } as ProvenImage;
}

/**
 * A template of the store: it has passed the gate on its way in. What stands in its tables is still what a stranger wrote
 * there, so that tools are contained that read them; raw images have none.
 */
export function stored(path: string, format: ToolFormat, virtualSizeBytes: number): ProvenImage {
  return { path, format, virtualSizeBytes, isFromOutside: format !== 'raw' } as ProvenImage;
}

/**
 * A disk or a template that platter (or Nova) made and whose format is recorded out of the guest's reach. For drivers and
 * the template store; never for a file that came from outside.
 */
export function managed(path: string, format: ToolFormat, virtualSizeBytes: number): ProvenImage {
  return { path, format, virtualSizeBytes, isFromOutside: false } as ProvenImage;
}

/**
 * A disk whose format is recorded, and what it leans on: as with templates, its own tables or those behind it may be what
 * came from outside.
 */
export function ofDisk(
  path: string,
  format: ToolFormat,
  virtualSizeBytes: number,
  behind: string | null,
): ProvenImage {
  const further = behind === null ? {} : { behind };
  return { ...stored(path, format, virtualSizeBytes), ...further };
}
