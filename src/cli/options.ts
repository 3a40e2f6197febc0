/** The options that every command takes. */
import type { OutputOptions } from './output.ts';

/** As commander gives them. */
export interface GlobalOptions {
  readonly config?: string;
  readonly instancesPath?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly lockWait?: string;
  readonly timeout?: string;
}

export function outputOptions(options: GlobalOptions): OutputOptions {
  return {
    json: options.json === true,
    quiet: options.quiet === true,
    verbose: options.verbose === true,
  };
}
