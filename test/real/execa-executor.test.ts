/** What can go wrong with child processes, on real ones. */
import { expect, test } from 'vitest';
import { execaExecutor } from '../../src/adapters/execa-executor.ts';

const executor = execaExecutor();
const shell = (script: string) => ({ file: 'bash', args: ['-c', script] });

async function timed<Value>(promise: Promise<Value>): Promise<{ value: Value; elapsedMs: number }> {
  const startedAt = performance.now();
  const value = await promise;
  return { value, elapsedMs: performance.now() - startedAt };
}

test('a tool that takes too long is killed, with the grandchild that holds its pipes', async () => {
  const marker = `platter-${process.pid}-${Date.now()}`;
  const script = `bash -c 'exec -a ${marker} sleep 60' & echo started; wait`;
  const { value, elapsedMs } = await timed(executor.run(shell(script), { timeoutMs: 300 }));
  expect(value).toMatchObject({ killed: 'timeout', stdout: 'started\n' });
  expect(elapsedMs).toBeLessThan(5000);
  const left = await executor.run({ file: 'pgrep', args: ['-f', marker] });
  expect(left.stdout).toBe('');
});

test('a tool that ends while a grandchild keeps its pipes does not hang its caller', async () => {
  const script = 'setsid sleep 30 & echo done';
  const { value, elapsedMs } = await timed(executor.run(shell(script)));
  expect(value).toMatchObject({ exitCode: 0, stdout: 'done\n', killed: null });
  expect(elapsedMs).toBeLessThan(10_000);
});

test('a tool is killed when its caller cancels', async () => {
  const cancel = new AbortController();
  const running = executor.run(shell('sleep 60'), { signal: cancel.signal });
  setTimeout(() => cancel.abort(), 100);
  expect(await running).toMatchObject({ killed: 'canceled', exitCode: null, signal: 'SIGKILL' });
});

test('a tool that ignores SIGTERM is killed all the same', async () => {
  const { value, elapsedMs } = await timed(
    executor.run(shell("trap '' TERM; sleep 60 & wait; wait"), { timeoutMs: 200 }),
  );
  expect(value.killed).toBe('timeout');
  expect(elapsedMs).toBeLessThan(5000);
});

test('output without end is cut off', async () => {
  const result = await executor.run(shell('yes'), { maxOutputBytes: 10_000 });
  expect(result.killed).toBe('output');
  expect(result.stdout.length).toBeLessThanOrEqual(10_000);
});

test('a signal from elsewhere is told', async () => {
  expect(await executor.run(shell('kill -TERM $$'))).toMatchObject({
    exitCode: null,
    signal: 'SIGTERM',
    killed: null,
  });
  // An inner process that was killed looks like this, and is no signal.
  expect(await executor.run(shell('exit 137'))).toMatchObject({ exitCode: 137, signal: null });
});

test('speaks English, whatever the user speaks', async () => {
  process.env['LC_ALL'] = 'de_DE.UTF-8';
  try {
    expect((await executor.run(shell('echo $LC_ALL $LANG'))).stdout).toBe('C C\n');
  } finally {
    delete process.env['LC_ALL'];
  }
});

test('lines come as they are printed; a carriage return ends one', async () => {
  const lines: string[] = [];
  await executor.run(shell(String.raw`printf '(1.00/100%%)\r(2.00/100%%)\r'; echo end >&2`), {
    onLine: (line) => lines.push(line),
  });
  expect(lines.toSorted()).toEqual(['(1.00/100%)', '(2.00/100%)', 'end']);
});

test('input is given, and no shell sees arguments', async () => {
  expect((await executor.run({ file: 'cat', args: [] }, { input: 'secret' })).stdout).toBe(
    'secret',
  );
  expect((await executor.run({ file: 'echo', args: ['$HOME; `id`'] })).stdout).toBe(
    '$HOME; `id`\n',
  );
});

test('what cannot be started had no effect', async () => {
  await expect(executor.run({ file: '/etc/passwd', args: [] })).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
  await expect(executor.run({ file: 'no-such-tool', args: [] })).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    hint: 'install no-such-tool',
  });
});

test.each([
  ['has done its work when it is asked to end', "trap 'sleep 0.2; exit 0' TERM", 0, null],
  ['gives up when it is asked to end', "trap 'exit 5' TERM", 5, 'timeout'],
  ['does not end when it is asked', "trap '' TERM", null, 'timeout'],
])('a tool that %s', async (_, trap, exitCode, killed) => {
  const options = { timeoutMs: 300, graceMs: 1000 };
  const running = executor.run(shell(`${trap}; for i in {1..600}; do sleep 0.1; done`), options);
  const { value, elapsedMs } = await timed(running);
  expect(value).toMatchObject({ exitCode, killed });
  expect(elapsedMs).toBeLessThan(5000);
});
