import { type LocalText, SECOND } from '#domain';
import type { Clock } from '#platform';
import type { Service } from '../../../pipeline/service.ts';
import type { Cli } from '../context.ts';

const PATIENCE_MS = 30 * SECOND;
const GOES_ON: LocalText = {
  zh: '运行中的程序仍在计算：已写入的有效，合计随后自动更新。',
  en: 'The running program is still computing: what was written stands, and the totals follow by themselves.',
};

const ENDED: LocalText = {
  zh: '已中断：已写入的有效，合计由下一次运行补算。',
  en: 'Ended: what was written stands, and the next run computes its totals.',
};

/** Work of our own that whoever is asked to end breaks off: says what stands, and throws the reason of the signal. */
export async function unlessEnded({ io, say }: Pick<Cli, 'io' | 'say'>, work: () => Promise<void>): Promise<void> {
  await work();
  if (!io.signal.aborted) return;
  io.err(`${say(ENDED)}\n`);
  io.signal.throwIfAborted();
}

/** Waits for the running program to recompute what a command beside it has touched. */
export const untilSettled = (cli: Pick<Cli, 'io' | 'say'>, service: Pick<Service, 'status'>): Promise<void> =>
  waitWhile(cli, PATIENCE_MS, async () => (await service.status()).dirty > 0);

/** Whoever is asked to end, or has waited long enough, says so and goes on to its answer: what was written stands. */
export async function waitWhile(
  { io: { clock, signal, err }, say }: Pick<Cli, 'io' | 'say'>,
  patienceMs: number,
  pending: () => Promise<boolean>,
): Promise<void> {
  const deadline = clock.now() + patienceMs;
  try {
    while (await pending()) {
      if (clock.now() >= deadline) return err(`${say(GOES_ON)}\n`);
      await clock.sleep(200, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    err(`${say(GOES_ON)}\n`);
  }
}

/** Waits until the worker has read what the log holds now. */
export async function untilRead(
  service: Service,
  clock: Clock,
  signal: AbortSignal,
  report?: (done: number, total: number) => void,
): Promise<void> {
  let first: number | undefined;
  for (;;) {
    const lag = (await service.status()).partitions.reduce((sum, one) => sum + one.lag, 0);
    first ??= lag;
    if (lag === 0) return;
    report?.(first - lag, first);
    await clock.sleep(200, signal);
  }
}
