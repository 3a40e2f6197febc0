/** Images without any harm: made by the real tools, and accepted or refused by a stated rule. */
import type { DetectedFormat } from '../../../src/inspector/format-parser.ts';
import type { ViolationCode } from '../../../src/inspector/violation.ts';
import { editedImages } from './benign-edited.ts';
import { qemuImages } from './benign-qemu.ts';
import { rawImages } from './benign-raw.ts';

export interface BenignImage {
  readonly name: string;
  readonly format: DetectedFormat;
  /** Makes the file; `content` is a raw disk with data in it. */
  make(path: string, content: string): void;
  /** Absent when the image is accepted. */
  readonly refused?: { readonly reason: string; readonly codes: readonly ViolationCode[] };
  /** Whether qemu-img cannot open what it has made. Default is false. */
  readonly toolRefuses?: boolean;
}

export const benignImages: readonly BenignImage[] = [...qemuImages, ...rawImages, ...editedImages];
