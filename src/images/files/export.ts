/** Copies the content of an image that is a file into a private file (B048, B059, B150). */
import type { Config } from '../../config/config.ts';
import type { ProvenImage } from '../../ingress/proven.ts';
import { convertImage } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { ExportOrder } from '../driver.ts';
import { contentBytes } from './file-image.ts';

/** What to read from, found when the step is taken. */
export type ExportSource = (
  session: Session,
) => Promise<{ readonly source: ProvenImage; readonly snapshot?: string | undefined }>;

export function exportStep(config: Config, order: ExportOrder, from: ExportSource): Step {
  const { target, format, compress, facts } = order;
  return {
    description: `copy its content as ${format}`,
    bytes: order.snapshot?.sizeBytes ?? contentBytes(facts),
    async run(session) {
      const content = await from(session);
      const options = { ...content, target, targetFormat: format, compress };
      await convertImage(session, options, config.limits);
    },
  };
}
