/** `platter sim export-test FILE [OUT]`: a test of one's own suite from a failure. */
import { basename, dirname, join } from 'node:path';
import type { DefineCommands } from '../../src/cli/command.ts';
import { outputOptions, type GlobalOptions } from '../../src/cli/options.ts';
import { printResult } from '../../src/cli/output.ts';
import { exportTest } from '../failures/export-test.ts';
import { formatFailure, readFailure, writeFile } from './files.ts';

export const defineExportTest: DefineCommands = (noun) => {
  noun
    .command('export-test')
    .argument('<file>', 'failure file')
    .argument('[out]', 'test to write (default: FILE with .test.ts)')
    .description('write a vitest test that wants the failure not to happen')
    .action(
      (
        file: string,
        out: string | undefined,
        _: unknown,
        command: { optsWithGlobals(): GlobalOptions },
      ) => exportFile(file, out, command.optsWithGlobals()),
    );
};

async function exportFile(file: string, out: string | undefined, options: GlobalOptions) {
  const failure = readFailure(file);
  const test = out ?? file.replace(/(\.json)?$/, '.test.ts');
  const beside = join(dirname(test), basename(file));
  if (beside !== join(dirname(file), basename(file))) writeFile(beside, formatFailure(failure));
  writeFile(test, exportTest(failure, basename(file)));
  await printResult(outputOptions(options), { test, failure: beside }, () => test);
}
