/** The completion scripts, in the shells themselves: keys are typed on a terminal, and the command that results is seen. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageTypes } from '../../src/config/config.ts';
import { nouns } from '../../src/cli/nouns.ts';
import { errorOf, platter } from './command.ts';

const directory = mkdtempSync(`${tmpdir()}/platter-test-`);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const shells = ['bash', 'zsh', 'fish'] as const;
const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0;

beforeAll(async () => {
  mkdirSync(`${directory}/work/some-directory`, { recursive: true });
  writeFileSync(`${directory}/work/some-image.qcow2`, '');
  for (const shell of shells) {
    const { status, stdout, stderr } = await platter('/nowhere', ['completion', shell]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    writeFileSync(`${directory}/platter.${shell}`, stdout);
  }
});

/** What a user may type, with a tab at its end, and the words that stand there then. */
const typed: readonly (readonly [keys: string, words: string])[] = [
  ['tem', 'template'],
  ['doc', 'doctor'],
  ['image cre', 'image create'],
  ['snapshot res', 'snapshot restore'],
  ['image create vm1/disk --tem', 'image create vm1/disk --template'],
  ['image create vm1/disk --backend qc', 'image create vm1/disk --backend qcow2'],
  ['--json image sh', '--json image show'],
  ['--lock-wait 30s image sh', '--lock-wait 30s image show'],
  ['image show --instances-path some-d', 'image show --instances-path some-directory/'],
  ['inspect some-i', 'inspect some-image.qcow2'],
  ['image import some-i', 'image import some-image.qcow2'],
  ['completion fi', 'completion fish'],
];

/** Types into an interactive shell on a terminal of its own, line by line; resolves to what it ran. */
async function typeInto(shell: 'bash' | 'zsh', lines: readonly string[]): Promise<string[]> {
  const start = { bash: 'bash --norc --noprofile -i', zsh: 'zsh -f -i' }[shell];
  const setUp = { bash: '', zsh: 'autoload -Uz compinit; compinit -u -D; ' }[shell];
  const child = spawn('script', ['-qec', start, '/dev/null'], {
    cwd: `${directory}/work`,
    env: { ...process.env, TERM: 'dumb', PS1: '$ ', HISTFILE: '/dev/null' },
  });
  let output = '';
  child.stdout.on('data', (piece: Buffer) => {
    output += piece.toString().replaceAll('\r', '');
  });
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  const ran = () => [...output.matchAll(/^RAN: (.*) END/gm)].map(([, words]) => words ?? '');
  const echo = 'platter() { echo "RAN: $* END"; }';
  child.stdin.write(`${setUp}source ${directory}/platter.${shell}; ${echo}; platter ready\n`);
  await expect.poll(ran, { timeout: 20_000 }).toHaveLength(1);
  for (const [index, line] of lines.entries()) {
    child.stdin.write(`platter ${line}\t\n`);
    await expect.poll(ran, { timeout: 20_000 }).toHaveLength(index + 2);
  }
  child.stdin.write('exit\n');
  await ended;
  return ran().slice(1);
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

describe.each(['bash', 'zsh'] as const)('%s on a terminal', (shell) => {
  test.runIf(isInstalled(shell))('completes what is typed', async () => {
    const keys = typed.map(([line]) => line);
    const ran = await typeInto(shell, keys);
    // zsh takes the slash of a directory back when a space follows.
    const withoutSlash = (words: string) => words.trim().replace(/\/$/, '');
    expect(ran.map(withoutSlash)).toEqual(typed.map(([, words]) => withoutSlash(words)));
  });
});

/** All that bash offers, by its own completion function. */
function offeredByBash(...words: string[]): string[] {
  const line = ['platter', ...words].map(singleQuoted).join(' ');
  const script = `source ${directory}/platter.bash
    COMP_WORDS=(${line}) COMP_CWORD=${words.length}
    $(complete -p platter | sed 's/.*-F \\([^ ]*\\) .*/\\1/') 2> /dev/null
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8', cwd: `${directory}/work` })
    .split('\n')
    .filter((word) => word !== '');
}

describe('bash offers', () => {
  test('all nouns', () => {
    expect(offeredByBash('').sort()).toEqual(nouns.map(({ name }) => name).sort());
  });

  test('the verbs of a noun, as its help has them', async () => {
    const help = (await platter('/nowhere', ['image', '--help'])).stdout;
    const verbs = [...(help.split('Commands:')[1]?.matchAll(/^  ([a-z]+) /gm) ?? [])].map(
      ([, verb]) => verb,
    );
    expect(verbs.length).toBeGreaterThan(5);
    expect(offeredByBash('image', '')).toEqual(verbs);
  });

  test('global options everywhere, and those of the verb', () => {
    const offered = offeredByBash('image', 'create', 'vm1/disk', '--');
    for (const flag of ['--json', '--config', '--dry-run', '--template', '--size', '--help']) {
      expect(offered).toContain(flag);
    }
    expect(new Set(offered).size).toBe(offered.length);
    expect(offeredByBash('doctor', '--')).not.toContain('--template');
  });

  test('backends', () => {
    expect(offeredByBash('image', 'create', 'vm1/disk', '--backend', '')).toEqual([...imageTypes]);
  });

  test('nothing where only the user knows', () => {
    expect(offeredByBash('image', 'show', '')).toEqual([]);
    expect(offeredByBash('image', 'show', 'vm1/disk', '')).toEqual([]);
    expect(offeredByBash('image', 'create', 'vm1/disk', '--size', '')).toEqual([]);
  });
});

describe.runIf(isInstalled('fish'))('fish', () => {
  test.each(typed)('completes platter %s', (keys, words) => {
    const script = `source ${directory}/platter.fish; complete -C 'platter ${keys}'`;
    const offered = execFileSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
      cwd: `${directory}/work`,
    });
    const first = offered.split('\n')[0]?.split('\t')[0];
    expect(first).toBe(words.split(' ').at(-1));
  });
});

describe('wrong input', () => {
  test.each([
    ['no shell', []],
    ['an unknown shell', ['tcsh']],
    ['two shells', ['bash', 'zsh']],
  ])('%s: usage', async (_, args) => {
    const result = await platter('/nowhere', ['completion', ...args, '--json']);
    expect({ status: result.status, code: errorOf(result).code, stdout: result.stdout }).toEqual({
      status: 2,
      code: 'INVALID_ARGUMENT',
      stdout: '',
    });
  });
});
