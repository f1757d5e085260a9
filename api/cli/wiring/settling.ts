import { SECOND } from '#domain';
import type { Clock } from '#platform';
import type { Service } from '../../../pipeline/service.ts';

const PATIENCE_MS = 30 * SECOND;

/** Waits for the running program to recompute what a command beside it has touched. */
export async function untilSettled(service: Service, clock: Clock): Promise<void> {
  const deadline = clock.now() + PATIENCE_MS;
  while ((await service.status()).dirty > 0 && clock.now() < deadline) await clock.sleep(200);
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
