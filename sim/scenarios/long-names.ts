/** In some scenarios on LVM instances are named as Nova names them: with names so long a command can hold few tags. */
import type { Prng } from '../schedule/prng.ts';
import type { ClientSpec, OperationSpec, Scenario } from './scenario.ts';

type Named = Pick<Scenario, 'setUp' | 'clients' | 'encryption'>;

/** In one run in three. What is done at the end is done with the short name: its secret stays. */
export function withLongNames(prng: Prng, named: Named): Named {
  if (!prng.oneIn(3)) return named;
  const { setUp, clients, encryption } = named;
  return {
    ...(setUp === undefined ? {} : { setUp: setUp.map(renamed) }),
    clients: clients.map((client): ClientSpec => ({
      ...client,
      operations: client.operations.map(renamed),
    })),
    ...(encryption === undefined
      ? {}
      : { encryption: { ...encryption, keys: { ...encryption.keys, ...longKeys(encryption) } } }),
  };
}

function longKeys({ keys }: NonNullable<Scenario['encryption']>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(keys).map(([instance, secret]) => [longName(instance), secret]),
  );
}

function renamed(spec: OperationSpec): OperationSpec {
  const { subject, other } = spec;
  return {
    ...spec,
    subject: inAddress(subject),
    ...(other === undefined ? {} : { other: inAddress(other) }),
  };
}

/** What is no address of a disk stays as it is. */
function inAddress(text: string): string {
  return text.replace(/^vm\d+(?=\/)/, longName);
}

/** A UUID. */
function longName(instance: string): string {
  return `0f5c2b1e-3a6d-4a1c-9a57-${instance.slice(2).padStart(12, '0')}`;
}
