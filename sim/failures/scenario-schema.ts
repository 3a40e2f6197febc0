/** What a scenario in a file has to have for a run of it to mean anything: files are edited, cut off, and from other versions. */
import * as v from 'valibot';
import { callFaults, hostFaults } from '../faults/fault.ts';
import { operationKinds, simBackends } from '../scenarios/scenario.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.minValue(Number.MIN_VALUE));
const name = v.pipe(v.string(), v.nonEmpty());

const operation = v.looseObject({
  kind: v.picklist(operationKinds),
  subject: v.string(),
  other: v.optional(v.string()),
  sizeBytes: v.optional(count),
  pattern: v.optional(count),
  afterMs: v.optional(count),
});

const fault = v.looseObject({
  host: count,
  site: name,
  nth: v.pipe(count, v.minValue(1)),
  kind: v.picklist([...callFaults, ...hostFaults]),
  since: v.optional(v.picklist(operationKinds)),
});

const schema = v.looseObject({
  backend: v.picklist(simBackends),
  machines: v.pipe(
    v.array(v.looseObject({ drift: positive, offsetMs: v.number() })),
    v.minLength(1),
  ),
  volume: v.looseObject({
    capacityBytes: positive,
    persistence: v.picklist(['strict', 'posix-min']),
  }),
  config: v.looseObject({
    preallocateImages: v.picklist(['none', 'space']),
    maxConcurrentDiskOps: count,
  }),
  templates: v.array(
    v.looseObject({ name, format: v.picklist(['raw', 'qcow2']), sizeBytes: positive }),
  ),
  setUp: v.optional(v.array(operation)),
  clients: v.array(v.looseObject({ machine: count, operations: v.array(operation) })),
  faults: v.array(fault),
  states: v.array(count),
  schedule: v.looseObject({ kind: v.picklist(['random', 'pct', 'tape']) }),
});

/** Undefined when it is one; else what is wrong with it, for people. */
export function wrongWithScenario(value: unknown): string | undefined {
  const { success, output, issues } = v.safeParse(schema, value);
  if (!success) {
    const [{ message }] = issues;
    return `${v.getDotPath(issues[0]) ?? 'the whole'}: ${message}`;
  }
  const { clients, machines } = output;
  const isAway = clients.some(({ machine }) => machine >= machines.length);
  return isAway ? 'clients: one is on a machine that is not there' : undefined;
}
