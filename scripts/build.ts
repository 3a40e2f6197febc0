/**
 * Builds dist/: the library, module by module with its types (tsc), and the command as one script (esbuild) with its
 * compiled code beside it: most of what a short command takes is Node finding, reading and compiling modules.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { build, type Plugin } from 'esbuild';

const directory = 'dist/cli';

/** The simulator stays as it is in dist/sim: workers and mutants load its modules one by one. */
const simulator: Plugin = {
  name: 'simulator',
  setup(bundling) {
    bundling.onResolve({ filter: /\/sim\/cli\/define-sim\.ts$/ }, () => ({
      path: '../sim/cli/define-sim.js',
      external: true,
    }));
  },
};

/** Commander loads it for subcommands that are programs of their own, of which there are none. */
const noChildProcess: Plugin = {
  name: 'no child process',
  setup(bundling) {
    bundling.onResolve({ filter: /^node:child_process$/ }, ({ importer, path }) =>
      importer.includes('/node_modules/commander/') ? { path, namespace: 'absent' } : undefined,
    );
    bundling.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: '' }));
  },
};

rmSync('dist', { recursive: true, force: true });
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
const { outputFiles } = await build({
  entryPoints: ['src/cli/main.ts'],
  outfile: `${directory}/platter.js`,
  bundle: true,
  // Names stay, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  // Read as Latin-1, which is faster.
  charset: 'ascii',
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  write: false,
  plugins: [simulator, noChildProcess],
  logLevel: 'warning',
});
mkdirSync(directory, { recursive: true });
writeFileSync(`${directory}/platter.js`, asFunction(outputFiles[0]?.text ?? ''));
writeFileSync(`${directory}/package.json`, '{ "type": "commonjs" }\n');
copyFileSync('scripts/launcher.cjs', `${directory}/main.js`);
chmodSync(`${directory}/main.js`, 0o755);
keepCompiledCode();

/** A script can neither require nor import by itself: the launcher gives it both. */
function asFunction(bundle: string): string {
  const text = bundle.replaceAll(/\bimport\("/g, 'importModule("');
  return `(function (require, importModule) {const module = { exports: {} };\n${text}})`;
}

/** Of what the commonest commands have run by the time that they end. */
function keepCompiledCode(): void {
  const instances = mkdtempSync(`${tmpdir()}/platter-build-`);
  const keep = `
    const { writeFileSync } = require('node:fs');
    const main = require.resolve('./${directory}/main.js');
    process.on('exit', () => {
      writeFileSync('${directory}/platter.js.cache', require(main).createCachedData());
    });
    require(main);`;
  const run = (...args: string[]) =>
    execFileSync('node', ['-e', keep, '--', '--instances-path', instances, ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  try {
    run('image', 'create', 'vm1/disk', '--size', '1M', '--backend', 'flat');
    run('image', 'show', 'vm1/disk', '--json');
  } finally {
    rmSync(instances, { recursive: true, force: true });
  }
}
