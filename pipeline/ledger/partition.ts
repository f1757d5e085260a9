import { type Bracket, type GaugeSlot, registerKey } from '#domain';
import type { Telemetry } from '#platform';
import type { Books } from '../books/index.ts';
import type { LogRecord } from '../log/port.ts';
import { admitBatch, type AdmittedReading } from './batch.ts';
import type { DirtyMarks, Pending } from './commit.ts';
import type { Directory } from './directory.ts';
import { foldGauge, foldReading, rowKey, type RowKey, rowKeyAt } from './hot.ts';
import { bracketStore, gaugeStore, loadRows, type RowStore } from './rows.ts';

/** One partition in a worker's memory: rows it has read, and what it has taken in since its last commit. */
export interface Partition {
  readonly number: number;
  readonly epoch: number;
  /** What its rows in memory were joined under. */
  directory: Directory | undefined;
  next: number;
  pending: Pending;
  readonly brackets: RowStore<Bracket>;
  readonly gauges: RowStore<GaugeSlot>;
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
  books: Books,
  partition: Partition,
  records: readonly LogRecord[],
  directory: Directory,
  telemetry: Telemetry,
): Promise<void> {
  const batch = admitBatch(records, directory);
  await loadRows(books.db, partition.brackets, keysOf(batch.admitted, 'counter'));
  await loadRows(books.db, partition.gauges, keysOf(batch.admitted, 'gauge'));
  for (const reading of batch.admitted) fold(partition, reading);
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

function keysOf(readings: readonly AdmittedReading[], kind: 'counter' | 'gauge'): Iterable<RowKey> {
  const keys = new Map<string, RowKey>();
  for (const { device, register, at } of readings) {
    if (register.kind !== kind) continue;
    const key = rowKeyAt(device, register, at);
    const text = rowKey(key);
    if (!keys.has(text)) keys.set(text, key);
  }
  return keys.values();
}

function fold(partition: Partition, reading: AdmittedReading): void {
  const { device, register, at, value, rank } = reading;
  const key = rowKey(rowKeyAt(device, register, at));
  if (register.kind === 'gauge') {
    const row = partition.gauges.rows.get(key);
    if (row) foldGauge(row, register, device.slotMs, at, value);
    return;
  }
  const row = partition.brackets.rows.get(key);
  if (!row || !foldReading(row, register, device.slotMs, at, value, rank)) return;
  const name = `${device.site}/${registerKey(device.id, register.name)}`;
  const mark = partition.dirty.get(name);
  if (mark) mark.from = Math.min(mark.from, at);
  else partition.dirty.set(name, { site: device.site, device: device.id, register: register.name, from: at });
}
