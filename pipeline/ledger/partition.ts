import type { Telemetry } from '#platform';
import type { LogRecord } from '../log/port.ts';
import { admitBatch } from './batch.ts';
import type { Pending } from './commit.ts';
import type { Directory } from './directory.ts';
import { type DirtyMarks, joinReadings, type Stores } from './join-readings.ts';
import { bracketStore, gaugeStore } from './rows.ts';
import type { RowSource } from './store.ts';

/** One partition in a worker's memory: rows it has read, and what it has taken in since its last commit. */
export interface Partition extends Stores {
  readonly number: number;
  readonly epoch: number;
  /** What its rows in memory were joined under. */
  directory: Directory | undefined;
  next: number;
  pending: Pending;
  readonly dirty: DirtyMarks;
  lastCommit: number;
}

export const emptyPending = (partition: number, from: number): Pending => ({
  partition,
  from,
  to: from,
  records: 0,
  readings: 0,
  folded: 0,
  quarantined: [],
  seqs: new Map(),
});

export const openPartition = (number: number, epoch: number, next: number, now: number): Partition => ({
  number,
  epoch,
  directory: undefined,
  next,
  pending: emptyPending(number, next),
  brackets: bracketStore(),
  gauges: gaugeStore(),
  dirty: new Map(),
  lastCommit: now,
});

/** Admits records and joins their readings into the rows of the partition. */
export async function foldRecords(
  source: RowSource,
  partition: Partition,
  records: readonly LogRecord[],
  directory: Directory,
  telemetry: Telemetry,
): Promise<void> {
  const batch = admitBatch(records, directory);
  await joinReadings(source, partition, batch.admitted, partition.dirty);
  const { pending } = partition;
  pending.records += batch.records;
  pending.readings += batch.readings;
  pending.folded += batch.admitted.length;
  pending.quarantined.push(...batch.quarantined);
  for (const [src, seqs] of batch.seqs) {
    const known = pending.seqs.get(src);
    if (known) for (const seq of seqs) known.push(seq);
    else pending.seqs.set(src, [...seqs]);
  }
  const reasons = Map.groupBy(batch.quarantined, (q) => q.reason);
  for (const [reason, items] of reasons) {
    telemetry.emit(
      'readingsQuarantined',
      { level: 'warn', message: 'readings were refused and kept', labels: ['reason'] },
      { reason, detail: items[0]?.detail },
      items.length,
    );
  }
}
