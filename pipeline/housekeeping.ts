import { DAY, HOUR } from '#domain';
import { type Clock, type EventSpec, persist, type Telemetry } from '#platform';
import type { Books } from './books/index.ts';
import { isPassing } from './books/passing.ts';
import { keepGaugeDays } from './facts/temperature-gauge.ts';
import type { FrameLog } from './log/port.ts';
import type { Service } from './service.ts';

export interface KeepOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

const SETTLE_PAUSE_MS = 1_000;

/** Recomputes what became dirty, about once a second, until the signal aborts; an interruption of the books is waited out. */
export async function keepSettled(
  service: Pick<Service, 'settle'>,
  options: KeepOptions,
  signal: AbortSignal,
): Promise<void> {
  const round = async (): Promise<void> => {
    while (!signal.aborted) {
      await service.settle(undefined, signal);
      await options.clock.sleep(SETTLE_PAUSE_MS, signal).catch(() => undefined);
    }
  };
  await persist(round, { ...options, name: 'totals', isPassing }, signal);
}

const NOT_KEPT: EventSpec = { level: 'warn', message: 'days of a temperature gauge could not be kept' };
const KEPT: EventSpec = { level: 'info', message: 'the books were tended and the log trimmed' };

/** Once a day: packs past months tight, keeps days of temperature gauges, drops old gauges, trims the log to what is younger than `keepMs` or not yet committed. */
export async function keepHouse(
  {
    books,
    log,
    keepMs,
    ...options
  }: KeepOptions & { readonly books: Books; readonly log?: FrameLog | undefined; readonly keepMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { clock, telemetry } = options;
  const round = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(HOUR, signal).catch(() => undefined);
      if (signal.aborted) return;
      // before old gauges go
      const temperatures = await keepGaugeDays(books.db, clock.now(), (site, error) =>
        telemetry.emit('temperaturesNotKept', NOT_KEPT, { site, reason: String(error) }),
      );
      const tended = await books.tend(Math.floor(clock.now() / DAY));
      const trimmed = log ? await log.trim(clock.now() - keepMs, await committedOffsets(books, log)) : 0;
      telemetry.emit('houseKept', KEPT, {
        cooled: tended.cooled.length,
        dropped: tended.dropped.length,
        temperatures,
        trimmed,
      });
      await clock.sleep(DAY - HOUR, signal).catch(() => undefined);
    }
  };
  await persist(round, { ...options, name: 'housekeeping', isPassing }, signal);
}

async function committedOffsets(books: Books, log: FrameLog): Promise<ReadonlyMap<number, number>> {
  const rows = await books.db
    .selectFrom('log_offset')
    .select(['partition', 'next_offset'])
    .where('log', '=', await log.identity())
    .execute();
  return new Map(rows.map((r) => [r.partition, r.next_offset]));
}
