/** Compressed loop images: a shell script with compressed blocks behind it. */
import { notAccepted } from './not-accepted.ts';

export const cloop = notAccepted('cloop', 'cloop', ({ head }) =>
  head.startsWith('#!/bin/sh\n#V2.0 Format\n'),
);
