import { openBooks } from '../../pipeline/books/index.ts';
import { createWorker, sqlStore } from '../../pipeline/index.ts';
import type { FrameLog } from '../../pipeline/log/port.ts';
import { type Clock, createTelemetry, silentLogger, systemClock } from '../../pipeline/platform/index.ts';

/** A worker in the process of the test. */
export interface InsideWorker {
  /** How often an event happened, over its labels. */
  readonly count: (event: string) => Promise<number>;
  /** What ended it, but for us. */
  readonly failure: () => unknown;
  /** Goes on waiting for what is asked, but throws what ended the worker meanwhile. */
  readonly whileWorking: <T>(asked: Promise<T>) => Promise<T>;
  readonly end: () => Promise<void>;
}

export async function startInside(options: {
  readonly dsn: string;
  readonly log: FrameLog;
  readonly checkpointMs: number;
  readonly clock?: Clock;
}): Promise<InsideWorker> {
  const telemetry = createTelemetry(silentLogger());
  const clock = options.clock ?? systemClock;
  const books = await openBooks({ dsn: options.dsn, telemetry });
  const ending = new AbortController();
  const { log, checkpointMs } = options;
  const worker = createWorker({ store: sqlStore(books), log, clock, telemetry, checkpointMs });
  let failure: unknown;
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  const running = worker.run(ending.signal).catch((error: unknown) => {
    failure = error;
    broken.reject(error instanceof Error ? error : new Error(String(error)));
  });
  return {
    count: async (event) => {
      const name = `civicmeter_${event.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}_total`;
      const counts = Object.entries(await telemetry.counts()).filter(([key]) => key.split('{')[0] === name);
      return counts.reduce((sum, [, count]) => sum + count, 0);
    },
    failure: () => failure,
    whileWorking: (asked) => Promise.race([asked, broken.promise]),
    end: async () => {
      ending.abort();
      await running;
      await books.close();
    },
  };
}

/** The same books through a proxy. */
export function through(dsn: string, { port }: { readonly port: number }): string {
  const url = new URL(dsn);
  url.port = String(port);
  return url.href;
}

export const portOf = (dsn: string): number => Number(new URL(dsn).port);
