/** A copy of the built engine and simulator with a mutant's patches in it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { applyPatch, type Mutant } from './mutant.ts';

export interface MutatedProgram {
  /** The worker of the copy. */
  readonly worker: URL;
  remove(): void;
}

/** `dist`, when this file is in it. */
const built = fileURLToPath(new URL('../../', import.meta.url));

export function mutate({ patches }: Mutant): MutatedProgram {
  const root = mkdtempSync(join(tmpdir(), 'platter-mutant-'));
  for (const folder of ['src', 'sim']) {
    cpSync(join(built, folder), join(root, folder), {
      recursive: true,
      filter: (path) => !path.endsWith('.d.ts'),
    });
  }
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  symlinkSync(join(built, '..', 'node_modules'), join(root, 'node_modules'));
  for (const patch of patches) {
    const path = join(root, 'src', `${patch.module}.js`);
    writeFileSync(path, applyPatch(readFileSync(path, 'utf8'), patch));
  }
  return {
    worker: pathToFileURL(join(root, 'sim/soak/worker.js')),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
