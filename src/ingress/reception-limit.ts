/** How much may be received of one image: what a server, a pipe or a function sends need not have an end. */
import type { ReceptionLimits } from '../config/config.ts';
import { PlatterError } from '../errors.ts';
import { violation } from '../inspector/violation.ts';

export function isReceivable({ maxReceivedBytes }: ReceptionLimits, bytes: number): boolean {
  return bytes <= maxReceivedBytes;
}

/** Throws UNSAFE_IMAGE where so many bytes are too many. */
export function requireReceivable(limits: ReceptionLimits, bytes: number): void {
  if (!isReceivable(limits, bytes)) throw tooLarge(limits);
}

export function tooLarge({ maxReceivedBytes }: ReceptionLimits): PlatterError {
  const found = `it is larger than the limit of ${maxReceivedBytes} bytes that are received of one image`;
  return new PlatterError('UNSAFE_IMAGE', `the image is refused as unsafe: ${found}`, {
    details: { violations: [violation('TOO_LARGE', found)] },
    hint: 'raise max_received_bytes in the section [limits] of the configuration if it is meant to be so large',
  });
}
