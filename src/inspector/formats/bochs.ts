/** Growing disks of the Bochs emulator. */
import { notAccepted } from './not-accepted.ts';

export const bochs = notAccepted('bochs', 'Bochs', ({ head }) =>
  head.startsWith('Bochs Virtual HD Image'),
);
