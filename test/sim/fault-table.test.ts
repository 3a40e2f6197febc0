/**
 * The recorded fault tables of qemu-img beside the simulated one. Whatever system call of the real tool was struck, and
 * however: the simulated tool comes to the same end (exit status, class of error, what is left) when one of its steps is
 * struck in that way, and it comes to these ends in the same order. It has fewer steps than the real one has calls.
 */
import { expect, test } from 'vitest';
import type { FaultKind } from '../../sim/faults/fault.ts';
import {
  recordedCommands,
  type FaultOutcome,
  type RecordedCommand,
  type RecordedFault,
} from './fault-table/recorded.ts';
import { strikeEachStep, untouched } from './fault-table/replay.ts';
import { exceptions, outOfScope, siteless } from './fault-table/scope.ts';

const kinds: Readonly<Record<string, FaultKind>> = {
  'error=EIO': 'EIO',
  'error=ENOSPC': 'ENOSPC',
  'error=EACCES': 'EACCES',
  'error=EIO from there on': 'EIO',
  'error=ENOSPC from there on': 'ENOSPC',
  'signal=KILL': 'tool killed',
};

const spell = ({ exit, result, left }: FaultOutcome) => `${exit} ${result}: ${left}`;

interface Verdict {
  readonly isReproduced: boolean;
  readonly told: string;
}

/** The recorded ends of one kind of call, in order, as many of them as can be found in order among the simulated ones. */
async function compareGroup(
  command: RecordedCommand,
  faults: readonly RecordedFault[],
  kind: FaultKind,
): Promise<readonly Verdict[]> {
  const simulated = (await strikeEachStep(command, kind)).map(({ outcome }) => spell(outcome));
  const wanted = faults.map(({ outcome }) => spell(outcome));
  const found = matchInOrder(wanted, simulated);
  return faults.map(({ call, fault, nth }, index) => ({
    isReproduced: found.has(index),
    told: `${command.name} | ${call}:${fault} ${nth} | ${wanted[index]}`,
  }));
}

/** Which of `wanted` can be found in `there` without ever going back; several may be found in one place. */
function matchInOrder(wanted: readonly string[], there: readonly string[]): ReadonlySet<number> {
  // best[j]: the largest match so far whose last place is `j`.
  let best: (readonly number[])[] = there.map(() => []);
  wanted.forEach((word, index) => {
    let upTo: readonly number[] = [];
    best = best.map((match, place) => {
      if (match.length > upTo.length) upTo = match;
      return there[place] === word ? [...upTo, index] : match;
    });
  });
  return new Set(best.toSorted((a, b) => b.length - a.length)[0]);
}

async function compareCommand(command: RecordedCommand): Promise<readonly Verdict[]> {
  const success = spell(await untouched(command));
  const verdicts: Verdict[] = [];
  for (const [spelled, kind] of Object.entries(kinds)) {
    const struck = command.faults.filter(
      ({ fault, call, outcome }) =>
        fault === spelled &&
        !siteless(call) &&
        (kind === 'tool killed' || spell(outcome) !== success),
    );
    for (const call of new Set(struck.map((fault) => fault.call))) {
      const faults = struck.filter((fault) => fault.call === call).sort((a, b) => a.nth - b.nth);
      verdicts.push(...(await compareGroup(command, faults, kind)));
    }
  }
  return verdicts;
}

const commands = recordedCommands().filter(({ name }) => !outOfScope(name));

test('the simulated qemu-img ends as the real one did, wherever it is struck', async () => {
  const verdicts = (await Promise.all(commands.map(compareCommand))).flat();
  const missed = verdicts.filter(({ isReproduced }) => !isReproduced).map(({ told }) => told);
  const unexplained = missed.filter((told) => !exceptions.some(({ which }) => which.test(told)));
  const stale = exceptions.filter(({ which }) => !missed.some((told) => which.test(told)));
  console.log(
    `fault table: ${verdicts.length} recorded faults of ${commands.length} commands at sites that the simulator has: ` +
      `${verdicts.length - missed.length} reproduced, ${missed.length} excepted`,
  );
  expect(unexplained).toEqual([]);
  expect(stale).toEqual([]);
  expect(verdicts.length - missed.length).toBeGreaterThan(1700);
});
