/** The second half of the gate: what platter's parsers accept qemu-img has to read in the same way, or it is refused. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Command } from '../../src/ports/executor.ts';
import { CorpusDirectory } from './corpus.ts';
import { be32, edited } from './corpus/bytes.ts';

const corpus = new CorpusDirectory();
afterAll(() => corpus.remove());

const path = `${corpus.path}/image`;
const config = { instancesPath: `${corpus.path}/instances` };
let started: Command[];
beforeEach(() => {
  started = [];
});

/** The host, with a qemu-img that says of every file what it is told to say. */
function hostThatReads(info: Readonly<Record<string, unknown>>) {
  return {
    ...nodeHost(),
    executor: {
      run(command: Command) {
        started.push(command);
        const stdout = command.args.includes('--version') ? 'qemu-img' : JSON.stringify(info);
        return Promise.resolve({ exitCode: 0, signal: null, stdout, stderr: '', killed: null });
      },
    },
  } as unknown as ReturnType<typeof nodeHost>;
}

async function refusal(host: ReturnType<typeof nodeHost>) {
  const backend = new Backend({ host, config });
  const error: unknown = await backend.templates.add('t', path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!PlatterError.is(error)) throw new Error('it was not refused', { cause: error });
  expect(await backend.templates.list()).toEqual([]);
  const { violations } = error.details as { violations: { code: string; message: string }[] };
  return {
    code: error.code,
    violation: violations[0]?.code,
    text: `${error.message} ${error.hint}`,
  };
}

const whole = { filename: path, format: 'qcow2', 'virtual-size': 10 * 1024 * 1024 };
const data = (content: object) => ({ 'format-specific': { type: 'qcow2', data: content } });

test.each([
  ['a backing file', { ...whole, 'backing-filename': 'console.log' }],
  ['a backing file by its whole name', { ...whole, 'full-backing-filename': '/etc/passwd' }],
  ['a data file', { ...whole, ...data({ 'data-file': '/etc/passwd' }) }],
  ['an extent elsewhere', { ...whole, ...data({ extents: [{ filename: '/etc/passwd' }] }) }],
  ['another format', { ...whole, format: 'raw' }],
  ['a larger disk', { ...whole, 'virtual-size': 10 * 1024 * 1024 + 512 }],
])('where qemu-img finds %s the image is refused', async (_, info) => {
  writeFileSync(path, corpus.bytesOf('qcow2 compat=1.1 10M'));
  const { code, violation, text } = await refusal(hostThatReads(info));
  expect({ code, violation }).toEqual({ code: 'UNSAFE_IMAGE', violation: 'TOOL_DISAGREES' });
  expect(text).not.toMatch(/etc|passwd|console/);
  // That one look, with the format named, was all.
  const last = started.at(-1)?.args ?? [];
  expect(last.join(' ')).toContain('qemu-img info --output=json -f qcow2 ');
});

test('a file that qemu-img cannot open is refused, and the hint promises no more of an inspection', async () => {
  // An entry of the block allocation table that leads out of the file, which no inspection follows.
  writeFileSync(path, edited(corpus.bytesOf('vpc subformat=dynamic 10M'), be32(1536, 0x7fffffff)));
  const { code, violation, text } = await refusal(nodeHost());
  expect({ code, violation }).toEqual({ code: 'UNSAFE_IMAGE', violation: 'TOOL_DISAGREES' });
  expect(text).not.toContain('platter inspect');
});
