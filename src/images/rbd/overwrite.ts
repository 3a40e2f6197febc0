/** Overwrites an image before its space is given back. */
import type { Session } from '../../operations/step.ts';
import { rbdOverwrite } from '../../tools/rbd/argv.ts';
import type { Cluster } from './cluster.ts';

/** Of an image that can be found by its name still. */
export interface Named {
  /** Throws IN_USE when somebody has come. */
  readonly requireUnused: () => Promise<void>;
  readonly stillToGo: () => Promise<boolean>;
}

const pieceMaxBytes = 4 * 1024 * 1024;
const sectorBytes = 512;

/** Without its snapshots, which would keep the old data: what is overwritten is then there no more. */
export async function overwrite(
  session: Session,
  cluster: Cluster,
  spec: string,
  named?: Named,
): Promise<void> {
  const info = await cluster.info(spec);
  if (info === undefined || info.sizeBytes === 0) return;
  const { sizeBytes } = info;
  // The tool writes whole pieces only.
  let pieceBytes = pieceMaxBytes;
  while (pieceBytes > sectorBytes && sizeBytes % pieceBytes !== 0) pieceBytes /= 2;
  const command = rbdOverwrite(cluster.client, spec, { sizeBytes, pieceBytes });
  // It asks nobody whether a machine has the image.
  await named?.requireUnused();
  await cluster.rewrite(session, command, { action: 'overwrite the image', bytes: sizeBytes });
}
