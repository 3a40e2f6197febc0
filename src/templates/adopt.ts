/** Takes a template into the records that Nova, or somebody by hand, put into the store. */
import { assert } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { passGate } from '../ingress/gate.ts';
import type { Prepared, Session } from '../operations/step.ts';
import { publishRecord } from '../workspace/publish.ts';
import { requireAskedChecksum, type Asked } from './as-asked.ts';
import { requireExpected } from './expected-content.ts';
import { requireUntouched } from './lookup.ts';
import type { Template, TemplateRecord } from './template.ts';

/** Its content passes the gate like any other's: it is not known where it came from. */
export function prepareAdoption(
  session: Session,
  config: Config,
  { name, format, sha256: askedSha256 }: Asked & { readonly name: string },
  path: string,
): Prepared<Template> {
  const { host, workspace, signal, progress } = session;
  let adopted: Template | undefined;
  return {
    steps: [
      {
        description: `inspect ${path}, which has no record yet, and record its checksum`,
        async run() {
          const seen = await host.filesystem.stat(path);
          const { sizeBytes, modifiedMs } = seen;
          const image = await passGate(host, config, path, format);
          const sha256 = await host.digests.sha256File(path, {
            signal,
            onProgress: (done) => progress({ phase: 'checksum', done, total: sizeBytes }),
          });
          // It stays where it was found: whoever put it there could put another in its place meanwhile.
          requireUntouched(seen, await host.filesystem.stat(path), name);
          const record: TemplateRecord = {
            name,
            format: image.format,
            virtualSizeBytes: image.virtualSizeBytes,
            fileSizeBytes: sizeBytes,
            sha256,
            fileSha256: sha256,
            source: 'found in the store',
            addedAt: new Date(modifiedMs).toISOString(),
          };
          requireAskedChecksum(record, askedSha256);
          await requireExpected(host, config, record);
          // Nova syncs nothing: a record must not survive a power cut that its template does not.
          await host.filesystem.sync(path);
          await publishRecord(host.filesystem, workspace, record);
          adopted = { ...record, path };
        },
      },
    ],
    async result() {
      assert(adopted !== undefined, 'a template is adopted by its step');
      return adopted;
    },
  };
}
