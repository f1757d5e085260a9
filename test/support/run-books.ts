import { createWorker, dumpBooks, openService, sqlStore } from '../../pipeline/index.ts';
import type { Books } from '../../pipeline/books/index.ts';
import type { MeterEvent, Registry } from '../../pipeline/domain/index.ts';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { systemClock } from '../../pipeline/platform/index.ts';
import { silentTelemetry } from './postgres.ts';

/** Puts a registry and events into empty books as they are, without a claim. */
export async function plant(books: Books, registry: Registry, events: readonly MeterEvent[]): Promise<void> {
  const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
  await service.applyRegistry(registry, { take: 'all', commit: true, by: 'test', reason: 'test' });
  for (const event of events) {
    await books.db
      .insertInto('meter_event')
      .values({
        site: event.site,
        state: event.state,
        kind: event.body.kind,
        body: JSON.stringify(event.body),
        by_name: event.by,
        reason: event.reason,
        recorded_at: event.recordedAt,
        confirmed_by: event.confirmedBy ?? null,
        confirmed_at: event.confirmedAt ?? null,
        supersedes: null,
      })
      .execute();
  }
  await service.stop();
}

/** Consumes the log to its end, as a worker of its own. */
export async function consume(books: Books, log: FrameLog): Promise<void> {
  const stop = new AbortController();
  const bounds = await log.bounds();
  let caught = 0;
  const worker = createWorker({
    store: sqlStore(books),
    log,
    clock: systemClock,
    telemetry: silentTelemetry(),
    checkpointMs: 5,
    caughtUp: () => {
      caught += 1;
      if (caught >= bounds.size) stop.abort();
    },
  });
  await worker.run(stop.signal);
}

/** Consumes the log to its end and settles; answers the dump. */
export async function consumeAll(
  books: Books,
  log: FrameLog,
): Promise<{ readonly text: string; readonly hash: string }> {
  await consume(books, log);
  const service = openService({ books, log, clock: systemClock, telemetry: silentTelemetry() });
  await service.settle();
  await service.stop();
  return dumpBooks(books.db);
}
