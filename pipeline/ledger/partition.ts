import type { Telemetry } from '#platform';
import type { LogRecord } from '../log/port.ts';
import { admitBatch } from './batch.ts';
import type { Pending } from './commit.ts';
import type { Admitting } from './directory.ts';
import { lastScan, rowsOf, takeFrame } from './fold-frames.ts';
import { NEVER_SWEPT, type Swept } from './forget.ts';
import { rowKey, type RowKey } from './hot.ts';
import { joinReadings, type Stores } from './join-readings.ts';
import { type KnownDevices, knownDevices } from './known.ts';
import { bracketStore, gaugeStore, loadRows } from './rows.ts';
import type { RowSource } from './store.ts';

/** One partition in a worker's memory: rows it has read, and what it has taken in since its last commit. */
export interface Partition extends Stores {
  readonly number: number;
  readonly epoch: number;
  /** What its rows in memory were joined under. */
  directory: Admitting | undefined;
  next: number;
  pending: Pending;
  /** Devices that came, under `directory`. */
  known: KnownDevices | undefined;
  lastCommit: number;
  swept: Swept;
  /** The commit under way, or the last one. */
  committing: Promise<void> | undefined;
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
  known: undefined,
  lastCommit: now,
  swept: NEVER_SWEPT,
  committing: undefined,
});

/** Admits records and joins their readings into the rows of the partition. */
export async function foldRecords(
  source: RowSource,
  partition: Partition,
  records: readonly LogRecord[],
  directory: Admitting,
  telemetry: Telemetry,
): Promise<void> {
  const known = partition.known?.directory === directory ? partition.known : knownDevices(directory);
  partition.known = known;
  const { pending } = partition;
  const left: LogRecord[] = [];
  let waiting = takeFrames(partition, known, records, left);
  if (waiting.length > 0) {
    await loadRowsOf(source, partition, known, waiting);
    waiting = takeFrames(partition, known, waiting, left);
  }
  const batch = admitBatch([...left, ...waiting], directory);
  await joinReadings(source, partition, batch.admitted);
  pending.records += records.length;
  pending.readings += batch.readings;
  pending.folded += batch.admitted.length;
  for (const each of batch.quarantined) pending.quarantined.push(each);
  for (const [src, seqs] of batch.seqs) for (const seq of seqs) seqsOf(pending, src).push(seq);
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

/** Takes what the hot path takes; puts the rest to `left`, but for what waits for rows, which is the answer. */
function takeFrames(
  partition: Partition,
  known: KnownDevices,
  records: readonly LogRecord[],
  left: LogRecord[],
): readonly LogRecord[] {
  const { pending } = partition;
  const waiting: LogRecord[] = [];
  const seqs = new Map<number, number[]>();
  let readings = 0;
  for (const record of records) {
    const taken = takeFrame(known, partition, record);
    if (taken === 'joined') {
      readings += lastScan.entries;
      let list = seqs.get(lastScan.src);
      if (!list) seqs.set(lastScan.src, (list = seqsOf(pending, lastScan.src.toString(16).padStart(8, '0'))));
      list.push(lastScan.seq);
    } else (taken === 'left' ? left : waiting).push(record);
  }
  pending.readings += readings;
  pending.folded += readings;
  return waiting;
}

function seqsOf({ seqs }: Pending, src: string): number[] {
  let list = seqs.get(src);
  if (!list) seqs.set(src, (list = []));
  return list;
}

async function loadRowsOf(
  source: RowSource,
  { brackets, gauges }: Stores,
  known: KnownDevices,
  records: readonly LogRecord[],
): Promise<void> {
  const keys = { counter: new Map<string, RowKey>(), gauge: new Map<string, RowKey>() };
  for (const record of records) for (const [kind, key] of rowsOf(known, record)) keys[kind].set(rowKey(key), key);
  await loadRows(source, brackets, keys.counter.values());
  await loadRows(source, gauges, keys.gauge.values());
}
