/**
 * A timeline that fits on a screen: up to the violation, and without what a reader can do without. What an operation does
 * in the background of the story (each step of its tools, looks at what is there) is told only where a fault comes next, or
 * something that another does and everybody sees: so that it can be seen how far it had got.
 */
import type { Violation } from '../model/invariant.ts';
import type { Moment } from './timeline.ts';

export function condensed(
  moments: readonly Moment[],
  { id }: Pick<Violation, 'id'>,
): readonly Moment[] {
  const end = moments.findIndex(({ text }) => text.startsWith(`VIOLATION ${id}:`));
  const story = end < 0 ? moments : moments.slice(0, end + 1);
  const last = story.findLastIndex(
    ({ who, text }) => who === closing && text.startsWith('begins '),
  );
  return story
    .filter((moment, index) =>
      moment.who === 'set up' || (moment.who === closing && index < last)
        ? moment.kind === 'operation'
        : isTold(moment, story[index + 1]),
    )
    .filter((moment, index, told) => !isSaidAgain(moment, told[index - 1]))
    .map((moment) => ({ ...moment, text: shortened(moment.text) }));
}

/** Like the set-up it goes without faults, one operation after another: only what the last one does can matter. */
const closing = 'close down';

function isTold(moment: Moment, next: Moment | undefined): boolean {
  if (!isBackground(moment) || next === undefined) return true;
  return next.who !== moment.who && isSeen(next);
}

function isSeen({ kind }: Moment): boolean {
  return kind !== 'tool' && kind !== 'step' && kind !== 'lock' && kind !== 'call';
}

const looks =
  /^runs (bwrap|prlimit .*qemu-img info|lvs|ceph|rbd .*(info|ls|children|status|lock|watchers)) /;
/** One line for each command of a script. */
const beginsCommand = /^lvm: (?!lvs)\S+ read metadata /;

function isBackground({ kind, text }: Moment): boolean {
  if (kind === 'tool') return looks.test(text) || text.startsWith('runs lvm ');
  return kind === 'step' && !beginsCommand.test(text);
}

function isSaidAgain({ text, who }: Moment, before: Moment | undefined): boolean {
  return text === before?.text && who === before.who;
}

function shortened(text: string): string {
  return text
    .replace(beginsCommand, (begin) => begin.replace('read metadata ', ''))
    .replace(/^runs prlimit( --\S+)* /, 'runs ')
    .replace(/^runs setpriv --pdeathsig KILL /, 'runs ');
}
