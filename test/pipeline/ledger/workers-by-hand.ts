import { afterAll, afterEach } from 'vitest';
import type { Books } from '../../../pipeline/books/index.ts';
import type { MeterEventBody, Registry } from '../../../pipeline/domain/index.ts';
import { createWorker, dumpBooks, openService, sqlStore } from '../../../pipeline/index.ts';
import { type Clock, systemClock } from '../../../pipeline/platform/index.ts';
import { type Driven, drivenLog } from '../../support/driven-log.ts';
import { type GivenRecord, memoryLog } from '../../support/memory-log.ts';
import { type FreshBooks, freshBooks, silentTelemetry, stopPostgres } from '../../support/postgres.ts';
import { consumeAll, plant } from '../../support/run-books.ts';
import { local, SITE, smallRegistry } from '../../support/small-site.ts';

export const registry = smallRegistry([{ point: 'p', mounting: { maxRate: 1_000 } }]);

/** The same site with one more register on the device. */
export const withRegister = (target: Registry): Registry => ({
  ...target,
  devices: target.devices.map((d) => ({
    ...d,
    registers: [...d.registers, ...d.registers.map((r) => ({ ...r, name: 'later' }))],
  })),
});

export const frame = (seq: number, at: string, value: number, register = 'e'): GivenRecord => ({
  device: 'd-p',
  appendedAt: local(at) + 1_000,
  value: Buffer.from(
    JSON.stringify({ v: 1, src: '00000001', site: SITE, device: 'd-p', seq, at: local(at), r: [[register, value]] }),
  ),
});

/** Readings every ten minutes from 08:00 on. */
export const records = Array.from({ length: 60 }, (_, i) => {
  const [hour, tens] = [8 + Math.floor(i / 6), i % 6];
  return frame(i, `2026-03-02T${String(hour).padStart(2, '0')}:${tens}0`, 5_000 + i * 7);
});

/** Time that stands until it is moved, for checkpoints when the test says so. */
function handClock(): Clock & { readonly move: (ms: number) => void } {
  let now = local('2026-03-03');
  return {
    now: () => now,
    sleep: (_ms, signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('stop')))),
    move: (ms) => {
      now += ms;
    },
  };
}

/** A worker whose records and time a test moves. */
export interface Hand {
  readonly driven: Driven;
  /** Hands over and lets a checkpoint follow. */
  readonly commit: (from: number, to: number) => Promise<void>;
  /** A checkpoint without a record. */
  readonly checkpoint: () => Promise<void>;
  readonly stop: () => void;
}

export interface WorkersByHand {
  /** Books that know the registry and no reading. */
  readonly planted: (target?: Registry) => Promise<Books>;
  /** Has left the group when it was stopped and `left` has come. */
  readonly start: (books: Books, given?: readonly GivenRecord[], left?: Promise<void>) => Hand;
  /** What the books show after one undisturbed run over the records. */
  readonly wanted: (target?: Registry, given?: readonly GivenRecord[]) => Promise<readonly string[]>;
}

/** For a file of tests: what a test has started is stopped after it, the server after all. */
export function workersByHand(): WorkersByHand {
  const opened: FreshBooks[] = [];
  const running: { readonly stop: AbortController; readonly done: Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const { stop, done } of running.splice(0)) {
      stop.abort();
      await done;
    }
    for (const { close } of opened.splice(0)) await close();
  });
  afterAll(stopPostgres);

  const planted = async (target = registry): Promise<Books> => {
    const fresh = await freshBooks();
    opened.push(fresh);
    await plant(fresh.books, target, []);
    return fresh.books;
  };
  return {
    planted,
    start: (books, given = records, left) => {
      const driven = drivenLog(given, left);
      const clock = handClock();
      const worker = createWorker({
        store: sqlStore(books),
        log: driven.log,
        clock,
        telemetry: silentTelemetry(),
        checkpointMs: 1_000,
      });
      const stop = new AbortController();
      const done = worker.run(stop.signal).catch(() => undefined);
      running.push({ stop, done });
      return {
        driven,
        commit: async (from, to) => {
          clock.move(2_000);
          await driven.hand(from, to);
        },
        checkpoint: async () => {
          clock.move(2_000);
          await driven.caughtUp();
        },
        stop: () => stop.abort(),
      };
    },
    wanted: async (target = registry, given = records) => {
      const books = await planted(target);
      return (await consumeAll(books, memoryLog(given))).text.split('\n');
    },
  };
}

export const figures = async (books: Books): Promise<readonly string[]> => (await dumpBooks(books.db)).text.split('\n');

/** Without the counts of readings, which differ where a reading came by way of the quarantine. */
export const withoutCounts = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !line.startsWith('count|'));

export async function settle(books: Books, given: readonly GivenRecord[] = records): Promise<void> {
  const service = openService({ books, log: memoryLog(given), clock: systemClock, telemetry: silentTelemetry() });
  await service.settle();
  await service.stop();
}

export const offset = (books: Books) =>
  books.db
    .selectFrom('log_offset')
    .select(['next_offset', 'epoch', 'records', 'readings', 'folded', 'quarantined'])
    .executeTakeFirstOrThrow();

export async function recordEvent(books: Books, body: MeterEventBody): Promise<void> {
  const service = openService({ books, clock: systemClock, telemetry: silentTelemetry() });
  await service.recordEvent(SITE, body, { by: 'wang', reason: 'seen' });
  await service.stop();
}
