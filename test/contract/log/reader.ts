import type { FrameLog, LogConsumer, LogRecord } from '../../../pipeline/log/port.ts';

/** A reader that keeps all it is told, for tests to look at. */
export interface Reader {
  readonly consumer: LogConsumer;
  readonly records: LogRecord[];
  /** `assigned 0,1`, `revoked 0`, `caughtUp 0`, in order. */
  readonly calls: string[];
  /** Of `run`. */
  readonly ended: Promise<'stopped' | Error>;
  readonly caughtUp: Set<number>;
}

export interface ReaderOptions {
  /** Where a partition starts; its low mark where absent. */
  readonly from?: ((partition: number) => number | undefined) | undefined;
  readonly onRecords?: ((records: readonly LogRecord[], consumer: LogConsumer) => Promise<void>) | undefined;
}

export async function read(log: FrameLog, options: ReaderOptions = {}): Promise<Reader> {
  const consumer = await log.consumer();
  const [records, calls, caughtUp]: [LogRecord[], string[], Set<number>] = [[], [], new Set()];
  const ended = consumer
    .run({
      assigned: async (partitions) => {
        calls.push(`assigned ${partitions.toSorted((a, b) => a - b).join(',')}`);
        const bounds = await log.bounds();
        return new Map(partitions.map((p) => [p, options.from?.(p) ?? bounds.get(p)?.low ?? 0]));
      },
      records: async (partition, batch) => {
        caughtUp.delete(partition);
        records.push(...batch);
        await options.onRecords?.(batch, consumer);
      },
      revoked: async (partitions) => {
        calls.push(`revoked ${partitions.toSorted((a, b) => a - b).join(',')}`);
      },
      caughtUp: async (partition) => {
        calls.push(`caughtUp ${partition}`);
        caughtUp.add(partition);
      },
    })
    .then(
      () => 'stopped' as const,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
  return { consumer, records, calls, ended, caughtUp };
}

/** Waits until the condition holds; a reader that ended early, or the deadline, fails the test. */
export async function until(what: string, holds: () => boolean, reader?: Reader, ms = 30_000): Promise<void> {
  let ended: 'stopped' | Error | undefined;
  void reader?.ended.then((how) => (ended = how));
  for (const deadline = Date.now() + ms; !holds();) {
    if (ended instanceof Error) throw ended;
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}; calls: ${reader?.calls.join('; ')}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** All that is retained, read once. */
export async function readAll(log: FrameLog, options: ReaderOptions = {}): Promise<readonly LogRecord[]> {
  const reader = await read(log, options);
  await until('all partitions caught up', () => reader.caughtUp.size === log.partitionCount, reader);
  await reader.consumer.stop();
  return reader.records;
}

export const text = (record: LogRecord): string => Buffer.from(record.value).toString();

export const byPartition = (records: readonly LogRecord[]): ReadonlyMap<number, readonly LogRecord[]> =>
  Map.groupBy(records, (record) => record.partition);
