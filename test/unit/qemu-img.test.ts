import { describe, expect, test } from 'vitest';
import { managed } from '../../src/ingress/proven.ts';
import {
  qemuImgConvert,
  qemuImgCreate,
  qemuImgCreateOverlay,
  qemuImgInfo,
  qemuImgRepairLeaks,
  qemuImgResize,
  qemuImgSnapshot,
} from '../../src/tools/qemu-img/argv.ts';
import { classifyQemuImgFailure } from '../../src/tools/qemu-img/errors.ts';
import { parseQemuImgInfo, parseQemuImgProgress } from '../../src/tools/qemu-img/output.ts';
import { withLimits } from '../../src/tools/util-linux/prlimit.ts';

const base = managed('/b/t', 'raw', 1024);
const disk = managed('/i/a,b', 'qcow2', 1024);

describe('command lines of qemu-img', () => {
  test('name the format of every file that is read', () => {
    const commands = [
      qemuImgInfo(disk),
      qemuImgCreateOverlay('/d', base, 2048),
      qemuImgConvert({ source: disk, target: '/d', targetFormat: 'raw' }),
      qemuImgResize(disk, 4096),
      qemuImgSnapshot('create', disk, 's'),
      qemuImgRepairLeaks(disk),
    ];
    for (const { args } of commands) expect(args.join(' ')).toMatch(/-f |-F |"driver":"qcow2"/);
  });

  test('an overlay names its backing file, its format and its size', () => {
    expect(qemuImgCreateOverlay('/d', base, 2048, 131_072)).toEqual({
      file: 'qemu-img',
      args: [
        ...['create', '-q', '-u', '-f', 'qcow2', '-b', '/b/t', '-F', 'raw'],
        ...['-o', 'cluster_size=131072', '/d', '2048'],
      ],
    });
    expect(qemuImgCreate('/d', 'qcow2', 512).args).toEqual([
      ...['create', '-q', '-f', 'qcow2', '/d', '512'],
    ]);
  });

  test('what changes a qcow2 file opens nothing behind it', () => {
    const name =
      'json:{"driver":"qcow2","file":{"driver":"file","filename":"/i/a,b"},"backing":null}';
    expect(qemuImgResize(disk, 4096).args).toEqual(['resize', '-q', name, '4096']);
    expect(qemuImgSnapshot('apply', disk, '1').args).toEqual(['snapshot', '-q', '-a', '1', name]);
    expect(qemuImgRepairLeaks(disk).args.at(-1)).toBe(name);
    const following = qemuImgResize(disk, 4096, { opensChain: true });
    expect(following.args).toEqual(['resize', '-q', '-f', 'qcow2', '/i/a,b', '4096']);
    expect(qemuImgResize(base, 4096).args).toEqual(['resize', '-q', '-f', 'raw', '/b/t', '4096']);
  });

  test.each(['/a"b\\', '/a\nb\t', '/json:{}', '/ünï磁😀', '/%s \u007f\u0001'])(
    'a path may hold anything: %j',
    (path) => {
      const name = qemuImgSnapshot('create', managed(path, 'qcow2', 0), 's').args.at(-1) ?? '';
      expect(JSON.parse(name.slice('json:'.length))).toMatchObject({ file: { filename: path } });
    },
  );

  test('never shrink, but private copies', () => {
    expect(qemuImgResize(disk, 1).args).not.toContain('--shrink');
    expect(qemuImgResize(disk, 1, { mayShrink: true }).args).toContain('--shrink');
  });

  test('limits come before the command, which keeps its own arguments', () => {
    const limited = withLimits(qemuImgInfo(base), { cpuSeconds: 30, addressSpaceBytes: 1024 });
    expect(limited.file).toBe('prlimit');
    expect(limited.args.slice(0, 4)).toEqual(['--cpu=30', '--as=1024', 'qemu-img', 'info']);
  });
});

describe('output of qemu-img', () => {
  const info = (more: object) =>
    JSON.stringify({ filename: '/x', format: 'qcow2', 'virtual-size': 1024, ...more });

  test('tells format and size', () => {
    expect(parseQemuImgInfo(info({}))).toEqual({ format: 'qcow2', virtualSizeBytes: 1024 });
  });

  test.each([
    [{ 'backing-filename': '/etc/passwd' }],
    [{ 'full-backing-filename': '/etc/passwd' }],
    [{ 'format-specific': { data: { 'data-file': '/x' } } }],
    [{ 'format-specific': { data: { extents: [{ filename: '/x' }, { filename: '/y' }] } } }],
  ])('tells that another file is behind it: %j', (more) => {
    expect(parseQemuImgInfo(info(more)).reference).toBeDefined();
  });

  test('an extent that is the file itself is none', () => {
    const more = { 'format-specific': { data: { extents: [{ filename: '/x' }] } } };
    expect(parseQemuImgInfo(info(more)).reference).toBe(undefined);
  });

  test('cut off anywhere it is refused, never guessed', () => {
    const whole = info({});
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parseQemuImgInfo(whole.slice(0, length))).toThrow(
        expect.objectContaining({ code: 'TOOL_FAILED' }),
      );
    }
    expect(() => parseQemuImgInfo('[]')).toThrow();
    expect(() => parseQemuImgInfo('{"format":"raw"}')).toThrow();
  });

  test('progress is a percentage', () => {
    expect(parseQemuImgProgress('    (12.34/100%)')).toBe(12.34);
    expect(parseQemuImgProgress('something else')).toBe(undefined);
  });
});

test.each([
  ['qemu-img: Could not open \'x\': Failed to get "write" lock', 'IN_USE'],
  ['Failed to get shared "write" lock\nIs another process using the image [x]?', 'IN_USE'],
  ['qemu-img: error while writing at byte 0: No space left on device', 'NO_SPACE'],
  ['qemu-img: x: Read-only file system', 'PERMISSION_DENIED'],
  ['qemu-img: Use the --shrink option to perform a shrink operation.', 'CANNOT_SHRINK'],
  ["qemu-img: Could not open 'x': Image is not in qcow2 format", 'FORMAT_MISMATCH'],
  ["qemu-img: Could not open 'x': No such file or directory", 'NOT_FOUND'],
  ['qemu-img: Could not open: something new', 'TOOL_FAILED'],
  ['qemu-img: Failed to grow the L1 table: File too large', 'INVALID_ARGUMENT'],
  ['qemu-img: Could not resize file: File too large', 'NO_SPACE'],
  [
    "qemu-img: x: The image size is too large for file format 'qcow2' (try using a larger cluster size)",
    'INVALID_ARGUMENT',
  ],
])('%j means %s', (stderr, code) => {
  const result = { exitCode: 1, signal: null, stdout: '', stderr, killed: null };
  expect(classifyQemuImgFailure(result)).toBe(code);
});
