/** Runs what was asked of the real LVM (fixtures/lvm-2.03) on the simulated one, in the same order. */
import { readFileSync } from 'node:fs';
import { worldDefaults } from '../../sim/sim-host.ts';
import { World } from '../../sim/world.ts';
import { VolumeGroup } from '../../sim/volume-group/volume-group.ts';
import type { ToolContext, ToolResult } from '../../sim/tools/program.ts';
import { programs } from '../../sim/tools/programs.ts';

interface Recorded {
  readonly name: string;
  readonly argv: readonly string[];
  readonly wrapper?: readonly string[];
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function recordedTopic(topic: string, tool = 'lvm-2.03'): readonly Recorded[] {
  const url = new URL(`../../fixtures/${tool}/${topic}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as readonly Recorded[];
}

/** A group like that of the recordings: 4 GiB less one extent. */
export function emptyGroup(extents = 1023) {
  let group: VolumeGroup | undefined;
  const world = new World({
    ...worldDefaults,
    makeStores: (volume) => {
      group = new VolumeGroup(volume, { name: 'vg0', extents });
      return { group };
    },
  });
  return { world, group: group as VolumeGroup };
}

/** A tool between its steps; `end` gives back what it holds. */
export function startSimulated(world: World, argv: readonly string[], input = '') {
  const [file = '', ...args] = argv;
  const program = programs.get(file);
  const [machine] = world.machines;
  if (program === undefined || machine === undefined) throw new Error(`no tool ${file}`);
  const context: ToolContext = {
    volume: world.volume,
    stores: world.stores,
    process: world.spawn(machine, file),
    input,
    nowMs: 0,
    held: [],
  };
  const end = () => {
    for (const giveBack of context.held) giveBack();
  };
  return { steps: program(context, args), end };
}

/** Runs a tool to its end, or up to a step before which it is killed. */
export function runSimulated(
  world: World,
  argv: readonly string[],
  { killedBefore = Infinity, input = '' }: { killedBefore?: number; input?: string } = {},
): ToolResult | undefined {
  const { steps, end } = startSimulated(world, argv, input);
  let next = steps.next();
  for (let count = 1; next.done !== true && count < killedBefore; count += 1) next = steps.next();
  end();
  return next.done === true ? next.value : undefined;
}

/** What depends on when and where it was recorded, and columns that are not simulated, are left out. */
const notCompared =
  /^(lv_uuid|lv_time|data_percent|snap_percent|metadata_percent|vg_seqno|transaction_id|thin_id|lv_role|lv_descendants|convert_lv|seg_monitor|vg_tags|lv_when_full|zero|discards|thin_count)$/;

export function comparable(stdout: string): unknown {
  if (!stdout.trimStart().startsWith('{')) return stdout;
  const report = JSON.parse(stdout) as { report: readonly Record<string, readonly object[]>[] };
  const [tables = {}] = report.report;
  return Object.values(tables).flatMap((rows) =>
    rows
      .map((row) =>
        Object.fromEntries(Object.entries(row).filter(([key]) => !notCompared.test(key))),
      )
      // Parts of pools are not simulated as volumes.
      .filter((row) => !/^\[.*(_pmspare|_tdata|_tmeta)\]$/.test(String(row['lv_name'] ?? ''))),
  );
}

/** Without warnings, and without what comes from the machine of the recording. */
export function messages(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/WARNING: (Sum|You|Set)|Run `.*--help|lvmpolld/.test(line));
}
