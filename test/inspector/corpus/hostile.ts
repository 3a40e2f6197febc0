/**
 * Hostile images: the shapes of security.md and others, each an image of the benign corpus with
 * some bytes changed. (Names of paths, devices and links are the gate's matter, not the
 * inspector's.)
 */
import type { ViolationCode } from '../../../src/inspector/violation.ts';
import type { Edit } from './bytes.ts';
import { containerShapes } from './hostile-containers.ts';
import { foreignShapes } from './hostile-foreign.ts';
import { qcow2Shapes } from './hostile-qcow2.ts';
import { vmdkDescriptorShapes } from './hostile-vmdk-descriptors.ts';
import { vmdkShapes } from './hostile-vmdk.ts';

export interface HostileImage {
  readonly name: string;
  /** The benign image that it is made of; absent for one made of zeros. */
  readonly base?: string;
  readonly edits: readonly Edit[];
  readonly declared?: string;
  /** All codes, in order of the alphabet. */
  readonly codes: readonly ViolationCode[];
}

export const hostileImages: readonly HostileImage[] = [
  ...qcow2Shapes,
  ...vmdkDescriptorShapes,
  ...vmdkShapes,
  ...containerShapes,
  ...foreignShapes,
];
