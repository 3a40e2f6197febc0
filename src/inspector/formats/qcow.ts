/** The first version of qcow, which can name a backing file and encrypt. */
import { notAccepted } from './not-accepted.ts';
import { qcow2Magic } from './qcow2-header.ts';

export const qcow = notAccepted(
  'qcow',
  'qcow version 1',
  ({ head }) => head.startsWith(qcow2Magic) && head.u32be(4) === 1,
);
