import { describe, expect, test } from 'vitest';
import { inSandbox } from '../../src/tools/bubblewrap/argv.ts';
import { isSandboxed, resultInSandbox, sandboxFailure } from '../../src/tools/bubblewrap/result.ts';
import { withLimits } from '../../src/tools/util-linux/prlimit.ts';

const tool = { file: 'qemu-img', args: ['info', '-f', 'raw', '/w/content'] };
const ended = (exitCode: number, stderr = '') => ({
  exitCode,
  signal: null,
  stdout: '',
  stderr,
  killed: null,
});

describe('the command line of bwrap', () => {
  const { file, args } = inSandbox(tool, {
    reads: ['/w/content'],
    writes: ['/w/disk', '/dev/vg/v'],
  });
  const line = args.join(' ');

  test('shows a directory only to who cannot do without', () => {
    const files = { reads: [], writes: [], directories: ['/w/bench'], kernel: ['/sys'] };
    expect(inSandbox(tool, files).args.join(' ')).toContain(
      ' --ro-bind /sys /sys --bind-try /w/bench /w/bench ',
    );
  });

  test('ends with the tool and its own arguments', () => {
    expect(file).toBe('bwrap');
    expect(args.slice(args.indexOf('--') + 1)).toEqual([tool.file, ...tool.args]);
  });

  test('shows what is read read-only, what is written writable, and devices as devices', () => {
    expect(line).toContain(' --ro-bind /w/content /w/content ');
    expect(line).toContain(' --bind /w/disk /w/disk ');
    expect(line).toContain(' --dev-bind /dev/vg/v /dev/vg/v ');
    // Of the rest, nothing is writable and nothing is shown but the system.
    expect(args.filter((arg) => /^--(dev-)?bind$/.test(arg))).toHaveLength(2);
    const shown = args.flatMap((arg, index) =>
      arg.startsWith('--ro-bind') ? [args[index + 1]] : [],
    );
    expect(
      shown.filter((path) => !/^\/(usr|bin|sbin|lib\w*|etc\/ld\.so\..*)$/.test(path ?? '')),
    ).toEqual(['/w/content']);
  });

  test.each(['--unshare-net', '--unshare-pid', '--unshare-ipc', '--clearenv', '--die-with-parent'])(
    'has %s',
    (option) => expect(args).toContain(option),
  );

  test('is known again, also below limits', () => {
    const command = inSandbox(tool, { reads: [], writes: [] });
    expect(isSandboxed(command)).toBe(true);
    expect(isSandboxed(withLimits(command, { cpuSeconds: 1 }))).toBe(true);
    expect(isSandboxed(withLimits(tool, { cpuSeconds: 1 }))).toBe(false);
  });
});

describe('the end of a tool in a sandbox', () => {
  test.each([
    [137, 'SIGKILL'],
    [139, 'SIGSEGV'],
    [134, 'SIGABRT'],
    [152, 'SIGXCPU'],
    [153, 'SIGXFSZ'],
  ])('status %i is %s', (status, signal) => {
    expect(resultInSandbox(ended(status))).toMatchObject({ exitCode: null, signal });
  });

  test.each([0, 1, 63, 127])('status %i is the tool’s own', (status) => {
    expect(resultInSandbox(ended(status))).toEqual(ended(status));
  });

  test('failures of bwrap are told from those of the tool', () => {
    const unmade = sandboxFailure(ended(1, 'bwrap: No permissions to create new namespace\n'), 'x');
    expect(unmade?.code).toBe('TOOL_FAILED');
    expect(unmade?.details['exitCode']).toBeUndefined();
    const absent = 'bwrap: execvp qemu-img: No such file or directory\n';
    expect(sandboxFailure(ended(1, absent), 'x')?.code).toBe('TOOL_MISSING');
    expect(sandboxFailure(ended(1, 'qemu-img: Could not open\n'), 'x')).toBeUndefined();
    expect(sandboxFailure(ended(0, 'bwrap: x\n'), 'x')).toBeUndefined();
  });
});
