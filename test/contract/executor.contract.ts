/** What the engine relies on of an executor, shown with tools that every host has. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseQemuImgProgress } from '../../src/tools/qemu-img/output.ts';
import { withLimits } from '../../src/tools/util-linux/prlimit.ts';
import { codeOf, type MakeWorld, type World } from './world.ts';

export function executorContract(name: string, makeWorld: MakeWorld): void {
  describe(`executor: ${name}`, () => {
    let world: World;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.dispose());

    test('resolves for every exit status', async () => {
      const { executor } = world.host;
      const path = `${world.directory}/a`;
      await world.host.filesystem.createText(path, 'content');
      const copied = await executor.run({ file: 'cp', args: [path, `${path}2`] });
      expect(copied).toMatchObject({ exitCode: 0, signal: null, killed: null, stdout: '' });
      const failed = await executor.run({ file: 'cp', args: [`${path}3`, `${path}4`] });
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toContain('No such file or directory');
    });

    test('rejects when a tool is not there', async () => {
      const { executor } = world.host;
      expect(await codeOf(executor.run({ file: 'no-such-tool', args: [] }))).toBe('TOOL_MISSING');
    });

    test('starts nothing when it is canceled already', async () => {
      const path = `${world.directory}/a`;
      await world.host.filesystem.createText(path, 'content');
      const result = await world.host.executor.run(
        { file: 'cp', args: [path, `${path}2`] },
        { signal: AbortSignal.abort() },
      );
      expect(result.killed).toBe('canceled');
      expect(await codeOf(world.host.filesystem.stat(`${path}2`))).toBe('ENOENT');
    });

    test('kills a tool that takes too long, and what it does afterwards', async () => {
      const { executor, clock } = world.host;
      const startedMs = clock.monotonicMs();
      const result = await executor.run(await world.slowCommand(), { timeoutMs: 200 });
      expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', killed: 'timeout' });
      expect(clock.monotonicMs() - startedMs).toBeLessThan(20_000);
      const state = async () =>
        JSON.stringify(await world.host.filesystem.readDirectory(world.directory));
      const after = await state();
      await clock.sleep(300);
      expect(await state()).toBe(after);
    });

    test('kills a tool when its caller cancels', async () => {
      const { executor, clock } = world.host;
      const cancel = new AbortController();
      const running = executor.run(await world.slowCommand(), { signal: cancel.signal });
      await clock.sleep(100);
      cancel.abort();
      expect(await running).toMatchObject({
        exitCode: null,
        signal: 'SIGKILL',
        killed: 'canceled',
      });
    });

    test('tells lines as they come; a carriage return ends one', async () => {
      const { executor, filesystem } = world.host;
      const path = `${world.directory}/disk`;
      const handle = await filesystem.open(path, 'create');
      await handle.write(new Uint8Array(1_048_576).fill(1), 0);
      await handle.close();
      const lines: string[] = [];
      const args = ['convert', '-p', '-f', 'raw', '-O', 'raw', path, `${path}2`];
      const result = await executor.run(
        { file: 'qemu-img', args },
        { onLine: (line) => lines.push(line) },
      );
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      const told = lines.map(parseQemuImgProgress);
      expect(told).not.toContain(undefined);
      expect(told[0]).toBe(0);
      expect(told.at(-1)).toBe(100);
      expect(told).toEqual([...told].sort((a, b) => Number(a) - Number(b)));
      expect(result.stdout.split(/[\r\n]+/).filter((line) => line !== '')).toEqual(lines);
    });

    test('cuts off output beyond its bound, and says so', async () => {
      const { executor } = world.host;
      const path = `${world.directory}/disk`;
      await world.host.filesystem.createText(path, 'x'.repeat(512));
      const command = { file: 'qemu-img', args: ['info', '--output=json', '-f', 'raw', path] };
      const result = await executor.run(command, { maxOutputBytes: 20 });
      expect(result.killed).toBe('output');
      expect(result.stdout.length).toBeLessThanOrEqual(20);
    });

    test('a limited tool is the tool', async () => {
      const { executor } = world.host;
      const tool = {
        file: 'qemu-img',
        args: ['info', '--output=json', '-f', 'raw', `${world.directory}/x`],
      };
      const bare = await executor.run(tool);
      const limited = await executor.run(withLimits(tool, { cpuSeconds: 30 }));
      expect(limited).toEqual(bare);
      expect(bare.exitCode).toBe(1);
    });

    test('qemu-img prints JSON', async () => {
      const { executor } = world.host;
      const path = `${world.directory}/disk`;
      const args = ['create', '-q', '-f', 'qcow2', path, '1048576'];
      expect((await executor.run({ file: 'qemu-img', args })).exitCode).toBe(0);
      const info = await executor.run({
        file: 'qemu-img',
        args: ['info', '--output=json', '-f', 'qcow2', path],
      });
      expect(JSON.parse(info.stdout)).toMatchObject({ format: 'qcow2', 'virtual-size': 1048576 });
    });
  });
}
