/** Which of the hypervisor's drivers serves a disk. Only Xen has several. */
import { PlatterError } from '../errors.ts';
import type { Command, Executor } from '../ports/executor.ts';

/** Xen 4.2: from here on libvirt may use libxl, which has qemu. As libvirt counts: major * 1000000 + minor * 1000. */
const xenWithLibxl = 4_002_000;
/** After Xen 4.0 the second blktap is there. */
const xenBeforeTap2 = 4_000_000;

/** Undefined where the hypervisor wants none to be named (containers, UML). */
export async function pickDriverName(
  executor: Executor,
  virtType: string,
  options: { hypervisorVersion: number; isBlockDevice: boolean },
): Promise<string | undefined> {
  if (virtType === 'kvm' || virtType === 'qemu') return 'qemu';
  if (virtType !== 'xen') return undefined;
  if (options.isBlockDevice) return 'phy';
  const { hypervisorVersion } = options;
  // With xend running libvirt uses the older toolstack, which has no qemu driver.
  if (hypervisorVersion >= xenWithLibxl && !(await succeeds(executor, xendStatus))) return 'qemu';
  const check = await output(executor, tapCheck);
  if (check !== 'ok\n') return 'file';
  return hypervisorVersion > xenBeforeTap2 ? 'tap2' : 'tap';
}

const xendStatus: Command = { file: 'xend', args: ['status'] };
const tapCheck: Command = { file: 'tap-ctl', args: ['check'] };

async function succeeds(executor: Executor, command: Command): Promise<boolean> {
  const result = await runOrNothing(executor, command);
  return result?.exitCode === 0;
}

async function output(executor: Executor, command: Command): Promise<string | undefined> {
  return (await runOrNothing(executor, command))?.stdout;
}

async function runOrNothing(executor: Executor, command: Command) {
  try {
    return await executor.run(command, { timeoutMs: 10_000 });
  } catch (error) {
    if (PlatterError.is(error) && error.code === 'TOOL_MISSING') return undefined;
    throw error;
  }
}
