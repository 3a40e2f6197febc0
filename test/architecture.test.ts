/** The rules of the tree, checked on the sources themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { version } from '../src/version.ts';

interface Source {
  readonly path: string;
  readonly text: string;
  /** Without comments, strings kept. */
  readonly code: string;
  readonly imports: readonly string[];
}

function sources(...roots: string[]): readonly Source[] {
  return roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => read(`${root}/${path}`)),
  );
}

function read(path: string): Source {
  const text = readFileSync(path, 'utf8');
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const imports = [...code.matchAll(/(?<!')\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  return { path, text, code, imports: imports.map((name) => resolveImport(path, name)) };
}

/** Relative imports as paths from the root of the repository. */
function resolveImport(from: string, name: string): string {
  if (!name.startsWith('.')) return name;
  const parts = from.split('/').slice(0, -1);
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const src = sources('src');
const inside =
  (...folders: string[]) =>
  (source: Source) =>
    folders.some((folder) => source.path.startsWith(`src/${folder}`));
const outside =
  (...folders: string[]) =>
  (source: Source) =>
    !inside(...folders)(source);

function importsOf(among: readonly Source[], forbidden: RegExp): readonly string[] {
  return among.flatMap(({ path, imports }) =>
    imports.filter((name) => forbidden.test(name)).map((name) => `${path} imports ${name}`),
  );
}

const world =
  /^(node:)?(fs|fs\/promises|child_process|timers|timers\/promises|crypto|os|http|https|net|dns|tls|worker_threads|process|perf_hooks)$|^(execa|proper-lockfile|memfs)$/;

test('nothing but adapters imports the world', () => {
  expect(importsOf(src.filter(outside('adapters/')), world)).toEqual([]);
});

test('nothing but adapters uses clocks, timers, randomness or the network', () => {
  const globals =
    /\b(setTimeout|setInterval|setImmediate|queueMicrotask|fetch\(|Date\.now|new Date\(\)|Math\.random|performance\.|crypto\.|process\.(hrtime|nextTick|pid|uptime))/;
  const uses = src
    .filter(outside('adapters/'))
    .filter(({ code }) => globals.test(code.replace(/\b(readonly )?fetch\??:|\.fetch\(/g, '')))
    .map(({ path }) => path);
  expect(uses).toEqual([]);
});

test('only the command knows the process that it runs in', () => {
  const uses = src
    .filter(outside('adapters/', 'cli/'))
    .filter(({ code }) => /\bprocess\./.test(code));
  // `process.boot` and its like are fields of a process identity.
  expect(
    uses.filter(({ code }) => /\bprocess\.(env|argv|std|exit|on|cwd|version)/.test(code)),
  ).toEqual([]);
});

test('nothing in src knows the simulator, save its one lazily loaded command', () => {
  const allowed = /^src\/cli\/commands\/sim\.ts$/;
  expect(
    importsOf(
      src.filter(({ path }) => !allowed.test(path)),
      /^sim\//,
    ),
  ).toEqual([]);
});

test('ports are interfaces only', () => {
  const ports = src.filter(inside('ports/'));
  expect(importsOf(ports, /^(?!src\/ports\/)/)).toEqual([]);
  const values = ports.filter(({ code }) => /^export (?!interface|type)/m.test(code));
  expect(values.map(({ path }) => path)).toEqual([]);
});

test('wrapped tools are pure: they know ports and each other alone', () => {
  const tools = src.filter(inside('tools/'));
  expect(
    importsOf(tools, /^(?!src\/(tools|ports)\/|src\/errors\.ts$|src\/ingress\/proven\.ts$)/),
  ).toEqual([]);
});

test('the inspector stands alone', () => {
  const inspector = src.filter(inside('inspector/'));
  expect(importsOf(inspector, /^(?!src\/(inspector|ports)\/|src\/errors\.ts$)/)).toEqual([]);
});

test('nothing but the command imports the command', () => {
  expect(importsOf(src.filter(outside('cli/')), /^src\/cli\//)).toEqual([]);
});

test('nothing but the command, the library and tests make the real host', () => {
  const allowed = src.filter(outside('cli/', 'adapters/', 'index.ts'));
  expect(importsOf(allowed, /^src\/adapters\//)).toEqual([]);
});

test('every backend is a folder that looks like the others', () => {
  const folders = readdirSync('src/images', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['files', 'operations'].includes(entry.name))
    .map(({ name }) => name);
  for (const name of folders) {
    expect(readdirSync(`src/images/${name}`)).toContain(`${name}-driver.ts`);
  }
  expect(folders).toContain('flat');
});

test('files are small, named for what they hold, and finished', () => {
  const all = [...src, ...sources('sim', 'test', 'scripts')];
  const wrong = all.flatMap(({ path, text }) => [
    ...(text.split('\n').length > 301 ? [`${path} has over 300 lines`] : []),
    ...(/(^|\/)(utils?|helpers?|common|misc)\.ts$/.test(path) ? [`${path} names no concept`] : []),
    ...(/TODO|FIXME|XXX\b/.test(text) && !path.endsWith('architecture.test.ts')
      ? [`${path} is unfinished`]
      : []),
    ...(/\b(test|it|describe)\.(only|skip|todo)\(/.test(text) ? [`${path} leaves tests out`] : []),
    ...(/\bvi\.mock\(/.test(text) && !path.endsWith('architecture.test.ts')
      ? [`${path} mocks modules`]
      : []),
  ]);
  expect(wrong).toEqual([]);
});

test('every source file says at its top what it is', () => {
  const silent = src.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text));
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test('the version is the one of package.json', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(version).toBe(manifest.version);
});
