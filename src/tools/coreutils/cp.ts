/** Command line of cp (coreutils 9.1). Pure. */
import type { Command } from '../../ports/executor.ts';

/** Copies the bytes of one file and keeps its holes; blocks of zeros become holes. */
export function cpSparse(source: string, target: string): Command {
  return { file: 'cp', args: ['--sparse=always', '--reflink=never', source, target] };
}
