/** Whether a template that is there already is the one that somebody asks for, as the one that is fetched has to be. */
import type { Config } from '../config/config.ts';
import { PlatterError } from '../errors.ts';
import { inspectFile, requireSafe } from '../ingress/gate.ts';
import type { Host } from '../ports/host.ts';
import type { Template } from './template.ts';

export interface Asked {
  readonly format?: string | undefined;
  readonly sha256?: string | undefined;
}

/** CHECKSUM_MISMATCH or FORMAT_MISMATCH where it is another. */
export async function requireAsked(
  host: Host,
  config: Config,
  template: Template,
  { format, sha256 }: Asked,
): Promise<void> {
  requireAskedChecksum(template, sha256);
  if (format === undefined) return;
  const isAsDelivered = template.fileSha256 === template.sha256;
  // What was converted on its way in was of another format, and nobody has noted which; but nothing raw is converted.
  if (!isAsDelivered && format !== 'raw') return;
  if (!isAsDelivered) throw otherFormat(template, format);
  requireSafe(await inspectFile(host, template.path, config.limits, format));
}

export function requireAskedChecksum(
  { name, sha256: recordedSha256 }: Pick<Template, 'name' | 'sha256'>,
  sha256: string | undefined,
): void {
  const expectedSha256 = sha256?.toLowerCase();
  if (expectedSha256 === undefined || expectedSha256 === recordedSha256) return;
  throw new PlatterError(
    'CHECKSUM_MISMATCH',
    `the template "${name}" that is there is not the one asked for`,
    {
      details: { expectedSha256, recordedSha256 },
      hint: 'templates never change: choose another name for another image',
    },
  );
}

function otherFormat({ name }: Template, format: string): PlatterError {
  return new PlatterError('FORMAT_MISMATCH', `the template "${name}" was not made of ${format}`, {
    details: { format },
    hint: 'name the format that the image had, or leave it out',
  });
}
