/** Makes a change of names durable that everybody can see already, and that nothing can take back. */
import { afterwards, reporting } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';

/** Where that fails the change is there all the same, and the error says so. */
export function syncNames(
  filesystem: Filesystem,
  directory: string,
  ...others: readonly string[]
): Promise<void> {
  return afterwards(
    reporting(`make sure that what was done in ${directory} survives a power cut`, () =>
      filesystem.syncDirectory(directory, ...others),
    ),
  );
}
