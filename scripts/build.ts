/**
 * Builds dist/: the library, module by module with its types (tsc), and the command as a bundle (esbuild), for what
 * starts fast is one file that loads nothing it does not need.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
await build({
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist/cli',
  bundle: true,
  splitting: true,
  // Names stay, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  // Packages that are not ES modules look for these.
  banner: {
    js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
  },
  // The simulator stays as it is in dist/sim: workers and mutants load its modules one by one.
  plugins: [
    {
      name: 'simulator',
      setup: (bundling) => {
        bundling.onResolve({ filter: /\/sim\/cli\/define-sim\.ts$/ }, () => ({
          path: '../../sim/cli/define-sim.js',
          external: true,
        }));
      },
    },
  ],
  logLevel: 'warning',
});
chmodSync('dist/cli/main.js', 0o755);
