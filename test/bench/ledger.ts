import { createWorker, openService, sqlStore } from '../../pipeline/index.ts';
import type { FrameLog, LogConsumerHandlers, LogRecord } from '../../pipeline/log/port.ts';
import { systemClock } from '../../pipeline/platform/index.ts';
import { silentTelemetry } from '../support/postgres.ts';
import { openBenchBooks, sizesOf } from './core/books.ts';
import { dayOf, inBatches, noMischief, readingsOf, registerHoursOf, REGISTERS } from './core/fleet.ts';
import { parseFloor, writeFloor } from './core/floors.ts';
import { ownCpu, rssMiB } from './core/meter.ts';
import { verifyBooks } from './core/verify.ts';
import { type Bench, loadNow, resultOf } from './form.ts';

const PARTITIONS = 8;
/** Devices by default: with one frame a minute for a day a million frames. */
const DEVICES = 700;

/**
 * `ledger [DEVICES] [MINUTES]`: a day of frames of ten readings from memory, as the log would hand them over, into PostgreSQL (fsync on). The clock
 * stops when brackets, findings, quarantine, offsets and derived totals are committed.
 */
export const ledger: Bench = async (run) => {
  const [devices = DEVICES, interval = 1] = run.args.map(Number);
  const fleet = dayOf(run.seed, devices, interval, PARTITIONS);
  const told = noMischief();
  const batches = inBatches(fleet, told);
  const held = rssMiB();
  const opened = await openBenchBooks(fleet);
  try {
    const before = await sizesOf(opened.books);
    const [cpu, serverCpu, started] = [ownCpu(), opened.cpu(), performance.now()];
    await consumeBatches(opened.books, batches);
    const booked = performance.now();
    const bookedCpu = { worker: ownCpu() - cpu, server: opened.cpu() - serverCpu };
    const service = openService({ books: opened.books, clock: systemClock, telemetry: silentTelemetry() });
    await service.settle();
    const ended = performance.now();
    const used = { worker: ownCpu() - cpu, server: opened.cpu() - serverCpu };
    const rss = rssMiB() - held;
    await service.stop();
    const after = await sizesOf(opened.books);
    const readings = readingsOf(fleet);
    const seconds = (ended - started) / 1_000;
    const parse = parseFloor(batches);
    const write = await writeFloor(opened.books);
    const verdict = await verifyBooks(opened.books, fleet, told, true, run.say);
    run.say(
      `${readings} readings of ${devices * REGISTERS} registers every ${interval} min, ${batches.length} batches; ${JSON.stringify(told)}; ${loadNow()}`,
    );
    run.say(`books after ${((booked - started) / 1_000).toFixed(2)} s, derived totals after ${seconds.toFixed(2)} s`);
    const cpuOf = ({ worker, server }: typeof used): string =>
      `worker ${((worker / readings) * 1e6).toFixed(3)}, server ${((server / readings) * 1e6).toFixed(3)}`;
    run.say(`CPU s per million readings: ${cpuOf(bookedCpu)} for the books; ${cpuOf(used)} with derived totals`);
    run.say(
      `floors: JSON.parse alone ${perSecond(readings, parse)}/s; the same rows by a bare writer ${perSecond(readings, write)}/s`,
    );
    run.say(
      `${(after.bracketBytes / registerHoursOf(fleet)).toFixed(1)} bytes on disk a register-hour; ${((after.wal - before.wal) / readings).toFixed(1)} bytes of WAL a reading; HOT ${after.hotUpdates} of ${after.updates} updates`,
    );
    return resultOf(
      {
        bench: 'ledger',
        rate: readings / seconds,
        unit: 'readings/s',
        floor: readings / (parse + write),
        cpuSecondsPerMillion: ((used.worker + used.server) / readings) * 1e6,
        rssMiB: rss,
        ...verdict,
      },
      run,
    );
  } finally {
    await opened.close();
  }
};

const perSecond = (readings: number, seconds: number): string => Math.round(readings / seconds).toLocaleString('en');

/** A log of batches that lie ready, in the order in which they came. */
function batchLog(batches: readonly LogRecord[][]): FrameLog {
  const unused = (): never => {
    throw new Error('not part of this bench');
  };
  const highs = new Map<number, number>();
  for (const batch of batches) {
    const last = batch.at(-1);
    if (last) highs.set(last.partition, last.offset + 1);
  }
  return {
    identity: async () => 'bench',
    partitionCount: PARTITIONS,
    producer: unused,
    consumer: async () => {
      const stopped = Promise.withResolvers<void>();
      return {
        run: async (handlers: LogConsumerHandlers) => {
          await handlers.assigned(Array.from({ length: PARTITIONS }, (_, p) => p));
          for (const batch of batches) await handlers.records(batch[0]?.partition ?? 0, batch);
          await handlers.caughtUp?.(0);
          await stopped.promise;
        },
        rejoin: unused,
        stop: async () => stopped.resolve(),
      };
    },
    bounds: async () => new Map([...highs].map(([partition, high]) => [partition, { low: 0, high }])),
    scan: unused,
    trim: unused,
    close: async () => undefined,
  };
}

async function consumeBatches(books: Parameters<typeof sqlStore>[0], batches: readonly LogRecord[][]): Promise<void> {
  const stop = new AbortController();
  const worker = createWorker({
    store: sqlStore(books),
    log: batchLog(batches),
    clock: systemClock,
    telemetry: silentTelemetry(),
    caughtUp: () => stop.abort(),
  });
  await worker.run(stop.signal);
}
