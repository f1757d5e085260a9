import type { Progress } from '../../../pipeline/service.ts';
import type { Cli } from '../context.ts';

export interface ProgressView {
  readonly report: Progress;
  /** Ends the line under way, before other words are written. */
  readonly stop: () => void;
}

const WIDTH = 30;
const REDRAW_MS = 100;

/** Long work on stderr: a bar on a terminal, elsewhere one line for each tenth of it. */
export const createProgress = (cli: Cli): ProgressView => (cli.io.tty ? barProgress(cli) : lineProgress(cli));

function barProgress({ io }: Cli): ProgressView {
  let open: string | undefined;
  let drawnAt = -Infinity;
  const stop = (): void => {
    if (open !== undefined) io.err('\n');
    open = undefined;
  };
  return {
    stop,
    report: (done, total, label) => {
      if (open !== undefined && open !== label) stop();
      const ended = total !== null && done >= total;
      const now = io.clock.now();
      if (!ended && now - drawnAt < REDRAW_MS) return;
      if (ended && open === undefined) return;
      drawnAt = now;
      open = label;
      io.err(`\r\u001B[K${label} ${barOf(done, total)}`);
      if (ended) stop();
    },
  };
}

function barOf(done: number, total: number | null): string {
  if (total === null || total === 0) return String(done);
  const filled = Math.round((WIDTH * done) / total);
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${Math.floor((100 * done) / total)} %`;
}

function lineProgress({ io }: Cli): ProgressView {
  const reached = new Map<string, number>();
  return {
    stop: () => undefined,
    report: (done, total, label) => {
      if (!total) return;
      const tenth = Math.floor((10 * done) / total);
      if (tenth <= (reached.get(label) ?? 0)) return;
      reached.set(label, tenth);
      io.err(`${label} ${tenth * 10} %\n`);
    },
  };
}
