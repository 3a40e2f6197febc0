/** Finds and reads the configuration file (TOML, snake_case). */
import type { ConfigInput } from '../config/config.ts';
import { hintForKey, resolveConfig } from '../config/resolve.ts';
import type { Config } from '../config/config.ts';
import { isHostError, PlatterError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';

export interface ConfigSource {
  /** `--config` */
  readonly file: string | undefined;
  /** `--instances-path`, which goes before the file's. */
  readonly instancesPath: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export async function loadConfig(filesystem: Filesystem, source: ConfigSource): Promise<Config> {
  const { path, text } = await readFirst(filesystem, source);
  const input = text === undefined ? {} : await parseToml(text, path);
  const override =
    source.instancesPath === undefined ? {} : { instancesPath: source.instancesPath };
  try {
    return resolveConfig({ ...input, ...override }, snakeCase);
  } catch (error) {
    if (!PlatterError.is(error) || path === undefined) throw error;
    throw error.with({ file: path });
  }
}

/** A file that was named has to be there; of the usual places the first that has one counts. */
async function readFirst(filesystem: Filesystem, { file, environment }: ConfigSource) {
  const named = file ?? (environment['PLATTER_CONFIG'] || undefined);
  if (named !== undefined) return { path: named, text: await read(filesystem, named) };
  // A relative one is to be ignored, says its specification.
  const xdg = environment['XDG_CONFIG_HOME'] ?? '';
  const home = xdg.startsWith('/') ? xdg : `${environment['HOME'] ?? ''}/.config`;
  for (const path of [`${home}/platter/config.toml`, '/etc/platter/config.toml']) {
    if (!path.startsWith('/')) continue;
    try {
      return { path, text: await filesystem.readText(path) };
    } catch (error) {
      if (!isHostError(error, 'ENOENT', 'ENOTDIR')) throw unreadable(path, error);
    }
  }
  return { path: undefined, text: undefined };
}

async function read(filesystem: Filesystem, path: string): Promise<string> {
  try {
    // Opening a named pipe waits for who writes into it.
    const { kind } = await filesystem.stat(path);
    if (kind === 'other') throw Object.assign(new Error('no regular file'), { code: 'no file' });
    return await filesystem.readText(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  ELOOP: 'it is a symbolic link: name what that leads to',
  EFBIG: 'it is far too large',
  'no file': 'it is no regular file',
};

function unreadable(path: string, cause: unknown): PlatterError {
  const code = String((cause as { code?: unknown }).code);
  const reason = reasons[code] ?? code;
  return new PlatterError(
    'CONFIG_INVALID',
    `cannot read the configuration file ${path}: ${reason}`,
    {
      details: { file: path },
      cause,
    },
  );
}

async function parseToml(text: string, path: string | undefined): Promise<ConfigInput> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return camelCaseKeys(parse(text), []);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0];
    throw new PlatterError(
      'CONFIG_INVALID',
      `${path}, line ${error.line}, column ${error.column}: ${reason}`,
      { details: { file: path, line: error.line, column: error.column } },
    );
  }
}

function camelCaseKeys(
  table: Readonly<Record<string, unknown>>,
  section: readonly string[],
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    const camel = key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    if (snakeCase(camel) !== key) throw unknownKey(key, section);
    if (Array.isArray(value) && value.some(isTable)) throw severalTables(key, section);
    result[camel] = isTable(value) ? camelCaseKeys(value, [...section, camel]) : value;
  }
  return result;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function severalTables(key: string, section: readonly string[]): PlatterError {
  const named = nameOf(key, section);
  const message = `configuration key "${named}" has to be a table, not a list of tables`;
  const hint = `write [${named}], not [[${named}]]`;
  return new PlatterError('CONFIG_INVALID', message, { details: { key: named }, hint });
}

/** Keys of the file are written in one way only. */
function unknownKey(key: string, section: readonly string[]): PlatterError {
  const named = nameOf(key, section);
  return new PlatterError('CONFIG_INVALID', `unknown configuration key "${named}"`, {
    details: { key: named },
    hint: hintForKey([...section, key], snakeCase),
  });
}

function nameOf(key: string, section: readonly string[]): string {
  return [...section.map(snakeCase), key].join('.');
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
