/** A progress bar on a terminal; nothing anywhere else. */
import type { Progress } from '../ingress/source.ts';
import { formatSize } from '../sizes.ts';

export interface ProgressBar {
  readonly update: (progress: Progress) => void;
  stop(): void;
}

/** Loads what draws the bar when there is first something to show: most commands are done before. */
export function progressBar(stream: NodeJS.WriteStream): ProgressBar {
  let drawn: ProgressBar | undefined;
  let isLoading = false;
  let isOver = false;
  return {
    update(progress) {
      drawn?.update(progress);
      if (isLoading) return;
      isLoading = true;
      void drawnBar(stream).then((bar) => {
        if (!isOver) drawn = bar;
      });
    },
    stop() {
      isOver = true;
      drawn?.stop();
    },
  };
}

async function drawnBar(stream: NodeJS.WriteStream): Promise<ProgressBar> {
  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar({
    format: '{phase} {bar} {percentage}% {amount}',
    stream,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
    barCompleteChar: '#',
    barIncompleteChar: '.',
  });
  let phase: string | undefined;
  return {
    update(progress) {
      const total = progress.total ?? 0;
      const amount = amountOf(progress);
      if (progress.phase !== phase) {
        bar.stop();
        phase = progress.phase;
        bar.start(total, progress.done, { phase, amount });
      }
      bar.setTotal(total);
      bar.update(progress.done, { phase, amount });
    },
    stop: () => bar.stop(),
  };
}

/** Totals of 100 are percents. */
function amountOf({ done, total }: Progress): string {
  if (total === 100) return '';
  return total === undefined ? formatSize(done) : `${formatSize(done)} of ${formatSize(total)}`;
}
