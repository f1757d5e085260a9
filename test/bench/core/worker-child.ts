import { openBooks } from '../../../pipeline/books/index.ts';
import { createWorker, openService, sqlStore } from '../../../pipeline/index.ts';
import type { FrameLog, LogConsumerHandlers } from '../../../pipeline/log/port.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { openBenchLog } from './broker.ts';
import { ownCpu } from './meter.ts';

/** What the parent says. `go`: records may be taken. `stop`: commit the rest and end. `settle`: compute derived totals. */
export type Told = 'go' | 'stop' | 'settle' | 'end';

/** What the child says, each time with its CPU seconds and resident memory. */
export interface Said {
  readonly what: 'assigned' | 'first' | 'caught-up' | 'stopped' | 'settled' | 'failed';
  /** Partitions held. */
  readonly partitions: number;
  readonly cpu: number;
  readonly rssMiB: number;
  /** The most that it ever was. */
  readonly peakMiB: number;
  /** Epoch ms; of `stopped`, when the last commit had ended. */
  readonly at: number;
  readonly records: number;
  readonly batches: number;
  readonly error?: string | undefined;
}

/** A stream worker of its own process, as `civicmeter stream` is one, that tells its parent how far it is. */
const [dsn = '', brokers = '', partitions = '8', group = 'bench', checkpoint = '1000'] = process.argv.slice(2);
const go = Promise.withResolvers<void>();
const stop = new AbortController();
let [held, records, batches] = [0, 0, 0];
let isFirst = true;

function say(what: Said['what'], error?: unknown): void {
  const why = error instanceof Error ? (error.stack ?? error.message) : error === undefined ? undefined : 'unknown';
  const said: Said = {
    what,
    partitions: held,
    cpu: ownCpu(),
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    at: (what === 'stopped' ? worker.lastCommitAt() : undefined) ?? systemClock.now(),
    records,
    batches,
    error: why,
  };
  process.send?.(said);
}

/** The log, with its handlers watched. */
function watched(log: FrameLog): FrameLog {
  return {
    ...log,
    consumer: async () => {
      const consumer = await log.consumer();
      const done = new Set<number>();
      const watch = (handlers: LogConsumerHandlers): LogConsumerHandlers => ({
        assigned: async (numbers) => {
          held = numbers.length;
          done.clear();
          say('assigned');
          await go.promise;
          return handlers.assigned(numbers);
        },
        records: async (partition, list) => {
          if (isFirst) say('first');
          isFirst = false;
          records += list.length;
          batches += 1;
          await handlers.records(partition, list);
        },
        revoked: handlers.revoked,
        caughtUp: async (partition) => {
          await handlers.caughtUp?.(partition);
          done.add(partition);
          if (done.size === held) say('caught-up');
        },
      });
      return { ...consumer, run: (handlers) => consumer.run(watch(handlers)) };
    },
  };
}

const books = await openBooks({ dsn, telemetry: silentTelemetry() });
const log = await openBenchLog(brokers.split(','), Number(partitions), group);
const worker = createWorker({
  store: sqlStore(books),
  log: watched(log),
  clock: systemClock,
  telemetry: silentTelemetry(),
  checkpointMs: Number(checkpoint),
  maxHotRows: 1_000_000,
});

async function settle(): Promise<void> {
  const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
  await service.settle();
  await service.stop();
  say('settled');
}

process.on('message', (told: Told) => {
  if (told === 'go') go.resolve();
  else if (told === 'stop') stop.abort();
  else if (told === 'settle') void settle().catch((error: unknown) => say('failed', error));
  else void end();
});

async function end(): Promise<void> {
  await log.close();
  await books.close();
  process.disconnect();
}

worker.run(stop.signal).then(
  () => say('stopped'),
  (error: unknown) => say('failed', error),
);
