/**
 * Every hostile shape, through every way into platter, on the real host: refused with the right code, and no tool was
 * started, as the executor port tells.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import type { SourceInput } from '../../src/ingress/source.ts';
import type { Command } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';
import { serving, webServer, type WebServer } from '../real/web-server.ts';
import { CorpusDirectory, hostileImages } from './corpus.ts';
import { edited } from './corpus/bytes.ts';
import type { HostileImage } from './corpus/hostile.ts';

const corpus = new CorpusDirectory();
const started: Command[] = [];
let server: WebServer;
let backend: Backend;

/** A host that starts nothing, and remembers what was asked of it. */
function witnessed(host: Host): Host {
  return {
    ...host,
    executor: {
      run(command) {
        started.push(command);
        return Promise.reject(new PlatterError('TOOL_MISSING', 'this host starts nothing'));
      },
    },
  };
}

beforeAll(async () => {
  server = await webServer();
  const config = { instancesPath: `${corpus.path}/instances`, defaultImageType: 'flat' } as const;
  backend = new Backend({ host: witnessed(nodeHost()), config });
});
afterAll(async () => {
  await server.close();
  corpus.remove();
});

/** The code with which it rejects, and the public part of the error. */
async function refusal(act: () => Promise<unknown>) {
  started.length = 0;
  try {
    await act();
    return { code: undefined, message: '' };
  } catch (error) {
    if (!PlatterError.is(error)) throw error;
    return { code: error.code, message: `${error.message} ${error.hint ?? ''}` };
  }
}

let count = 0;
const nextName = () => `t${(count += 1)}`;

function bytesOf({ base, edits }: HostileImage): Uint8Array {
  return edited(base === undefined ? new Uint8Array(0) : corpus.bytesOf(base), ...edits);
}

function streamOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  return (async function* pieces() {
    yield Buffer.from(bytes);
  })();
}

/** All ways in, by their names. */
function waysIn(path: string, bytes: Uint8Array, format: string | undefined) {
  const add = (source: SourceInput) => () => backend.templates.add(nextName(), source, { format });
  const fetch = (target: string) => writeFile(target, bytes);
  const image = () => backend.image({ id: 'vm1' }, nextName());
  return {
    'template add, a path': add(path),
    'template add, standard input': add(streamOf(bytes)),
    'template add, an address': add(`${server.url}/image`),
    'template add, a function': add(fetch),
    'image import': () => image().createImage({ file: path, format }),
    'cache with a function': () => image().cache({ template: nextName(), fetch, format }),
    'create with a template and a function': () =>
      image().createImage({ template: nextName(), prepare: fetch, format }),
    // What a function makes a disk of is raw by definition (B041).
    ...(format === undefined
      ? { 'create with a function': () => image().createImage({ prepare: fetch }) }
      : {}),
  };
}

describe('refused by every way in, and no tool started', () => {
  test.each(hostileImages)('$name', async (shape) => {
    const bytes = bytesOf(shape);
    const path = `${corpus.path}/hostile`;
    writeFileSync(path, bytes);
    server.answer = serving(Buffer.from(bytes));
    const isMismatch = shape.codes.every((code) => code === 'FORMAT_MISMATCH');
    const expected = isMismatch ? 'FORMAT_MISMATCH' : 'UNSAFE_IMAGE';
    for (const [way, act] of Object.entries(waysIn(path, bytes, shape.declared))) {
      const { code, message } = await refusal(act);
      expect({ way, code, started }).toEqual({ way, code: expected, started: [] });
      // The public part names no path of the host, and nothing that the file names.
      expect(message).not.toContain(corpus.path);
      expect(message).not.toMatch(/etc\/|passwd|shadow/);
    }
  });

  test('and nothing of them is left', async () => {
    expect(await backend.templates.list()).toEqual([]);
    expect(await backend.list()).toEqual([]);
    const left = readdirSync(corpus.path, { recursive: true, encoding: 'utf8' });
    expect(left.filter((path) => /instances\/.*(content|\.work|\.lease)/.test(path))).toEqual([]);
  });
});

describe('what is no file of its own is refused, and no tool started', () => {
  const at = (name: string) => `${corpus.path}/${name}`;
  beforeAll(() => {
    writeFileSync(at('whole'), new Uint8Array(4096));
    mkdirSync(at('directory'));
    symlinkSync(at('whole'), at('symlink'));
    symlinkSync(at('nothing'), at('dangling'));
    writeFileSync(at('two names'), new Uint8Array(4096));
    linkSync(at('two names'), at('hard link'));
    execFileSync('mkfifo', [at('fifo')]);
    writeFileSync(at('empty'), '');
  });

  test.each([
    ['fifo', 'UNSAFE_IMAGE'],
    ['symlink', 'UNSAFE_IMAGE'],
    ['dangling', 'UNSAFE_IMAGE'],
    ['hard link', 'UNSAFE_IMAGE'],
    ['empty', 'UNSAFE_IMAGE'],
    ['directory', 'INVALID_ARGUMENT'],
    ['nothing', 'NOT_FOUND'],
  ])('%s: %s', async (name, expected) => {
    for (const act of [
      () => backend.templates.add(nextName(), at(name)),
      () => backend.image({ id: 'vm1' }, nextName()).createImage({ file: at(name) }),
    ]) {
      expect({ ...(await refusal(act)), message: '', started }).toEqual({
        code: expected,
        message: '',
        started: [],
      });
    }
  });

  test.each(['/dev/zero', '/dev/null', '/dev/loop0', '/proc/self/mem'])('%s', async (device) => {
    const { code } = await refusal(() => backend.templates.add(nextName(), device));
    expect(code).toMatch(/^(UNSAFE_IMAGE|NOT_FOUND)$/);
    expect(started).toEqual([]);
  });

  test.each(['symlink', 'directory', 'fifo', 'hard link'])(
    'a fetch function that makes a %s',
    async (kind) => {
      const make = async (target: string) => {
        if (kind === 'symlink') symlinkSync('/etc/passwd', target);
        if (kind === 'directory') mkdirSync(target);
        if (kind === 'fifo') execFileSync('mkfifo', [target]);
        if (kind === 'hard link') linkSync(at('whole'), target);
      };
      const { code } = await refusal(() => backend.templates.add(nextName(), make));
      expect({ code, started }).toEqual({ code: 'UNSAFE_IMAGE', started: [] });
    },
  );
});

describe('a file that changes between the check and the use', () => {
  const hostile = () => {
    const shape = hostileImages.find(({ name }) => name.startsWith('qcow2: backing file /etc'));
    if (shape === undefined) throw new Error('the corpus has such a shape');
    return bytesOf(shape);
  };

  /** Changes the source when it is about to be copied: the look at it is over by then. */
  function changing(host: Host, path: string, change: () => void): Host {
    const { filesystem } = host;
    const open = filesystem.openRead.bind(filesystem);
    const watched = Object.create(filesystem) as typeof filesystem;
    watched.openRead = async (opened, ends) => {
      const handle = await open(opened, ends);
      if (opened !== path) return handle;
      const cloneTo = handle.cloneTo.bind(handle);
      handle.cloneTo = (target) => {
        change();
        return cloneTo(target);
      };
      return handle;
    };
    return { ...host, filesystem: watched };
  }

  test.each(['in place', 'by another file', 'by a symbolic link'])('%s', async (how) => {
    const path = `${corpus.path}/changing ${how}`;
    const before = corpus.bytesOf('qcow2 compat=1.1 10M');
    writeFileSync(path, before);
    let changes = 0;
    const host = changing(witnessed(nodeHost()), path, () => {
      changes += 1;
      if (how === 'in place') return writeFileSync(path, hostile());
      rmSync(path);
      if (how === 'by another file') return writeFileSync(path, hostile());
      return symlinkSync('/etc/passwd', path);
    });
    const config = { instancesPath: `${corpus.path}/instances` };
    const { templates } = new Backend({ host, config });
    const { code } = await refusal(() => templates.add(nextName(), path));
    expect(changes).toBe(1);
    if (how === 'in place') {
      expect({ code, started }).toEqual({ code: 'TEMPLATE_CHANGED', started: [] });
    } else {
      // What was opened is what is copied: the benign file, which gets as far as the tool.
      expect(code).toBe('TOOL_MISSING');
      expect(started.at(-1)?.args).toContain('info');
    }
  });
});

describe('names of files that tools could take for something else', () => {
  test.each(['a,b', 'nbd:localhost:1', 'json:{}', '-f', '--help', "it's $(touch x)", 'ä\u00a0\n'])(
    'are names: %j',
    async (name) => {
      mkdirSync(`${corpus.path}/names`, { recursive: true });
      const path = `${corpus.path}/names/${name}`;
      writeFileSync(path, corpus.bytesOf('vmdk 10M'));
      const host = nodeHost();
      const directory = `${corpus.path}/in ${name.replaceAll('/', '')}`;
      const made = new Backend({ host, config: { instancesPath: directory } });
      const template = await made.templates.add('t', path);
      expect(template).toMatchObject({ format: 'raw', virtualSizeBytes: 10 * 1024 * 1024 });
      const disk = await made.image({ id: 'vm1' }, 'disk', 'qcow2').createImage({ file: path });
      expect(disk.virtualSizeBytes).toBe(10 * 1024 * 1024);
    },
  );
});
