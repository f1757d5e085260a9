import { HOUR } from '#domain';
import { type Clock, persist, type Telemetry } from '#platform';
import { isPassing } from '../books/passing.ts';
import type { FrameLog, LogConsumer, LogRecord } from '../log/port.ts';
import { commit } from './commit.ts';
import type { Admitting } from './directory.ts';
import { forgetUnwritten } from './forget.ts';
import { emptyPending, foldRecords, openPartition, type Partition } from './partition.ts';
import { evict } from './rows.ts';
import type { LedgerStore } from './store.ts';

export interface WorkerOptions {
  readonly store: LedgerStore;
  readonly log: FrameLog;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Checkpoints are by time, not by count. */
  readonly checkpointMs?: number;
  /** Packed rows kept in memory per partition. */
  readonly maxHotRows?: number;
  /** The log was read to its end. */
  readonly caughtUp?: () => void;
}

/** A row that is not written for so long, and at most twice so long, is forgotten: longer than meters pause between two readings. */
const UNWRITTEN_MS = HOUR;

export interface Worker {
  /** Resolves when the signal aborts, after a last commit. An interruption of books or log is waited out, with memory dropped; rejects where waiting cannot help. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly lastCommitAt: () => number | undefined;
}

/** Consumes the log into the books, partition by partition (ledger.md, 9). Memory is a cache; SQL is the only commit point. */
export function createWorker(options: WorkerOptions): Worker {
  const { store, log, clock, telemetry } = options;
  const checkpointMs = options.checkpointMs ?? 1_000;
  const partitions = new Map<number, Partition>();
  let directory: Admitting | undefined;
  let directoryCheckedAt = -Infinity;
  let identity = '';
  let lastCommitAt: number | undefined;
  let consumer: LogConsumer | undefined;
  let ending: AbortSignal | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** One thing at a time: records, checkpoints and assignments never overlap. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };

  /** A clock that was set back makes it due as well. */
  const isDue = (since: number): boolean => Math.abs(clock.now() - since) >= checkpointMs;

  const currentDirectory = async (): Promise<Admitting> => {
    if (directory && !isDue(directoryCheckedAt)) return directory;
    const same = directory?.edition === (await store.registryEdition());
    const current = directory && same ? directory : await store.loadDirectory(directory);
    directory = current;
    directoryCheckedAt = clock.now();
    return current;
  };

  const assign = async (numbers: readonly number[]): Promise<ReadonlyMap<number, number>> => {
    const offsets = new Map<number, number>();
    const bounds = await log.bounds();
    for (const number of numbers) {
      const { next, epoch } = await store.claim(identity, number, bounds.get(number)?.low ?? 0, ending);
      partitions.set(number, openPartition(number, epoch, next, clock.now()));
      offsets.set(number, next);
    }
    return offsets;
  };

  const take = async (number: number, records: readonly LogRecord[]): Promise<void> => {
    const partition = partitions.get(number);
    if (!partition) return;
    await partition.committing;
    if (partitions.get(number) !== partition) return;
    const wanted = records.filter((r) => r.offset >= partition.next);
    const last = wanted.at(-1);
    if (!last) return;
    const current = await currentDirectory();
    if (partition.directory && partition.directory !== current) return startAnew(partition, 'outdated');
    partition.directory = current;
    await foldRecords(store, partition, wanted, current, telemetry);
    partition.next = last.offset + 1;
    partition.pending.to = partition.next;
    if (isDue(partition.lastCommit)) await checkpoint(partition);
  };

  /** Where there are other partitions to go on with, they do: only the next batch of this one waits for its commit, and meets its failure. */
  const checkpoint = async (partition: Partition): Promise<void> => {
    await partition.committing;
    const work = write(partition);
    partition.committing = work;
    work.catch(() => undefined);
    if (partitions.size === 1) await work;
  };

  const checkpointAll = async (): Promise<void> => {
    for (const partition of partitions.values()) await inTurn(() => checkpoint(partition));
    for (const partition of partitions.values()) await partition.committing;
  };

  const write = async (partition: Partition): Promise<void> => {
    const { pending, directory: used } = partition;
    if (pending.to === pending.from || !used) return;
    const started = clock.now();
    const outcome = await commit({ ...partition, directory: used, store, log: identity, signal: ending });
    if (outcome !== 'committed') return startAnew(partition, outcome);
    lastCommitAt = clock.now();
    telemetry.emit(
      'readingsFolded',
      { level: 'debug', message: 'readings are in the books' },
      { partition: partition.number, ms: lastCommitAt - started },
      pending.folded,
    );
    partition.pending = emptyPending(partition.number, pending.to);
    partition.lastCommit = lastCommitAt;
    evict(partition.brackets, options.maxHotRows ?? 20_000);
    evict(partition.gauges, options.maxHotRows ?? 20_000);
    sweep(partition);
  };

  const sweep = (partition: Partition): void => {
    const { at, brackets, gauges } = partition.swept;
    const now = clock.now();
    if (Math.abs(now - at) < UNWRITTEN_MS) return;
    partition.swept = {
      at: now,
      brackets: forgetUnwritten(partition.brackets, brackets),
      gauges: forgetUnwritten(partition.gauges, gauges),
    };
  };

  /** Drops what is in flight and begins again at the committed offset. */
  const startAnew = async (partition: Partition, why: 'fenced' | 'outdated'): Promise<void> => {
    if (partitions.get(partition.number) !== partition) return;
    if (why === 'fenced')
      telemetry.emit(
        'commitFenced',
        { level: 'warn', message: 'another worker holds the partition', labels: [] },
        { partition: partition.number },
      );
    else
      telemetry.emit(
        'registryChanged',
        { level: 'info', message: 'the registry changed: records since the last commit are read again', labels: [] },
        { partition: partition.number },
      );
    partitions.delete(partition.number);
    directoryCheckedAt = -Infinity;
    await consumer?.rejoin();
  };

  const drop = async (numbers: readonly number[]): Promise<void> => {
    await Promise.allSettled(numbers.map((n) => partitions.get(n)?.committing ?? Promise.resolve()));
    for (const n of numbers) partitions.delete(n);
  };

  const caughtUp = async (number: number): Promise<void> => {
    const partition = partitions.get(number);
    if (partition && isDue(partition.lastCommit)) await checkpoint(partition);
    options.caughtUp?.();
  };

  const ticking = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(checkpointMs, signal).catch(() => undefined);
      for (const partition of partitions.values()) {
        if (isDue(partition.lastCommit)) await inTurn(() => checkpoint(partition));
      }
    }
  };

  const consume = async (signal: AbortSignal): Promise<void> => {
    partitions.clear();
    ending = signal;
    identity = await log.identity();
    await store.acquaint(identity, log.partitionCount);
    const joined = await log.consumer();
    consumer = joined;
    const failed = new AbortController();
    const stopping = AbortSignal.any([signal, failed.signal]);
    const stopped = Promise.withResolvers<void>();
    const stop = (): void => {
      void joined.stop();
      stopped.resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    let ticked: { readonly error: unknown } | undefined;
    // taken as a value: it may fail long before anybody waits for it
    const ticker = ticking(stopping).then(
      () => undefined,
      async (error: unknown) => {
        await joined.stop();
        return { error };
      },
    );
    try {
      if (signal.aborted) return;
      const reading = joined.run({
        assigned: (numbers) => inTurn(() => assign(numbers)),
        records: (number, records) => inTurn(() => take(number, records)),
        revoked: (numbers) => inTurn(() => drop(numbers)),
        caughtUp: (number) => inTurn(() => caughtUp(number)),
      });
      await Promise.race([reading, stopped.promise]);
      // before the group is left: that takes as long as the log waits for records
      await checkpointAll();
      await reading;
      await checkpointAll();
    } finally {
      failed.abort();
      signal.removeEventListener('abort', stop);
      await joined.stop();
      ticked = await ticker;
    }
    if (ticked) throw ticked.error;
  };

  const run = (signal: AbortSignal): Promise<void> =>
    persist(
      () => consume(signal),
      { name: 'worker', clock, telemetry, isPassing, progress: () => lastCommitAt },
      signal,
    );

  return { run, lastCommitAt: () => lastCommitAt };
}
