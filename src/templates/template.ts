/** A template: an immutable base image in the store, known by name and identified by content. */
import type { ToolFormat } from '../inspector/inspect.ts';

/** What the record of a template holds. */
export interface TemplateRecord {
  readonly name: string;
  /** Format of the stored file. */
  readonly format: ToolFormat;
  readonly virtualSizeBytes: number;
  readonly fileSizeBytes: number;
  /** SHA-256 of the image as it was delivered. */
  readonly sha256: string;
  /** SHA-256 of the stored file: another one where the image was converted on its way in. */
  readonly fileSha256: string;
  readonly source: string;
  /** ISO time in UTC. */
  readonly addedAt: string;
}

export interface Template extends TemplateRecord {
  readonly path: string;
}

/** What `template show --json` prints. */
export interface TemplateDescription {
  readonly name: string;
  readonly format: string;
  readonly path: string;
  readonly virtualSizeBytes: number;
  readonly fileSizeBytes: number;
  /** Null for a template that Nova made and that platter has not read as a whole yet. */
  readonly sha256: string | null;
  readonly source: string | null;
  readonly addedAt: string | null;
  /** Images that lean on it, as `<instance>/<disk>`. */
  readonly usedBy: readonly string[];
}
