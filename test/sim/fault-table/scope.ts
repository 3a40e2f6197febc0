/** Which of the recorded faults the simulated qemu-img has a site for, and which of those it does not reproduce, and why. */

/** Commands that the engine never gives, so that the simulator does not have them. */
export function outOfScope(command: string): boolean {
  return /^rebase|preallocation|, -t |^check -r all/.test(command);
}

/**
 * Calls without a step of their own: reads of metadata, and the punching of what was given back, whose errors the real
 * tool ignores too.
 */
export function siteless(call: string): boolean {
  return call === 'pread64' || call === 'fallocate';
}

interface Exception {
  readonly which: RegExp;
  readonly why: string;
}

export const exceptions: readonly Exception[] = [
  {
    which: /^snapshot -a s1: .*: 33554432 (leaks|corrupt) between/,
    why: 'before the smaller size is written the check finds leaks, or data beyond the end, for a moment; here it is clean',
  },
  {
    which: /^snapshot -a s1: .*: 16777216 corrupt between/,
    why: 'the check finds data beyond the end of the file until its tables are freed; here it finds leaks',
  },
  {
    which: /^snapshot -d s2 .*: 33554432 corrupt before = after/,
    why: 'flags of the active L2 are wrong for a moment, which harms nothing; here they are leaks',
  },
  {
    which: /^convert raw to qcow2.* pwrite64:signal=KILL .*: 4194304 leaks other/,
    why: 'tables are written in the middle of the data too: leaks come and go; here they come once',
  },
  {
    which:
      /^convert raw to qcow2.*\| (1 (TOOL_FAILED|NO_SPACE): 4194304 leaks|0 (TOOL_FAILED|NO_SPACE): 4194304 clean) other/,
    why: 'the same image but for its leaks: a failure in the middle has none here, one at the end has some',
  },
  {
    which: /^convert raw to qcow2, -c .*ftruncate:.*\| 1 \w+: 4194304 clean right/,
    why: 'compressed data is cut to its length at the end, and a failure of that is told though all is there',
  },
];
