/** Descriptions of images for people and scripts. */
import type { FoundImage } from './find.ts';

/** What `image show --json` prints, and `info()` resolves to. */
export interface ImageDescription {
  readonly instance: string;
  readonly disk: string;
  readonly backend: string;
  readonly format: string;
  readonly path: string;
  readonly virtualSizeBytes: number;
  readonly allocatedBytes: number;
  readonly template: string | null;
  /** Names, oldest first. */
  readonly snapshots: readonly string[];
  /** What it leans on: a file, a volume, an image of the cluster; null when it is self-contained. */
  readonly backing: string | null;
  /** How it was made (`reflink`, `copy`, `overlay`, …); null when that was not recorded. */
  readonly method: string | null;
  /** ISO time in UTC; null for images that Nova made. */
  readonly createdAt: string | null;
  /** Where it is kept, in the words of its backend (pools and how full they are); absent for files. */
  readonly storage?: Readonly<Record<string, unknown>>;
}

export function describeImage({ driver, facts }: FoundImage): ImageDescription {
  return {
    ...facts.address,
    backend: driver.type,
    format: facts.format,
    path: facts.path,
    virtualSizeBytes: facts.virtualSizeBytes,
    allocatedBytes: facts.allocatedBytes,
    template: facts.template,
    snapshots: facts.snapshots.map(({ name }) => name),
    backing: facts.backing,
    method: facts.method,
    createdAt: facts.createdAt,
    ...(facts.storage === undefined ? {} : { storage: facts.storage }),
  };
}
