import { addSeqs, type SeqSet, storeError } from '../../pipeline/domain/index.ts';
import { rangesOf, type Quarantined } from '../../pipeline/ledger/batch.ts';
import type { Directory } from '../../pipeline/ledger/directory.ts';
import { type HotTable, type RowKey, rowKey } from '../../pipeline/ledger/hot.ts';
import type { PackedRow } from '../../pipeline/books/packed-rows.ts';
import type { Batch, BatchAnswer, LedgerStore, Position } from '../../pipeline/ledger/store.ts';

/** What is durable. A crash of the server leaves it as it is; what was on its way is gone. */
export interface MemoryBooks {
  readonly rows: Readonly<Record<HotTable, ReadonlyMap<string, PackedRow>>>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly quarantine: ReadonlyMap<string, Quarantined>;
  /** By partition and src. */
  readonly seqs: ReadonlyMap<string, SeqSet>;
  readonly counts: { readonly records: number; readonly readings: number; readonly folded: number };
}

export interface MemoryStore extends LedgerStore {
  readonly books: () => MemoryBooks;
  /** The server falls over: whatever is not yet synced is undone, and its caller gets an error. */
  readonly crash: () => void;
  /** Somebody else writes the row anew, with the content that it has. */
  readonly touch: (table: HotTable, key: RowKey) => void;
}

export interface MemoryStoreOptions {
  readonly directory: () => Directory;
  /** Resolves when a write is on disk; at once where absent. */
  readonly sync?: () => Promise<void>;
}

/** A failure of the server that passes (SQLSTATE class 57: it was shut down). */
export const serverGone = (): Error =>
  Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' });

/** The ledger's store in memory: a transaction is applied when it is synced, all of it at once, or not at all. */
export function memoryStore({ directory, sync = async () => undefined }: MemoryStoreOptions): MemoryStore {
  const rows = { bracket: new Map<string, PackedRow>(), gauge: new Map<string, PackedRow>() };
  const positions = new Map<string, Position>();
  const logs = new Map<string, number>();
  const quarantine = new Map<string, Quarantined>();
  const seqs = new Map<string, SeqSet>();
  const counts = { records: 0, readings: 0, folded: 0 };
  let life = 0;
  const placeOf = (log: string, partition: number): string => `${log}/${partition}`;

  /** Applies when synced; a crash meanwhile undoes it. */
  const write = async <T>(apply: () => T): Promise<T> => {
    const began = life;
    await sync();
    if (life !== began) throw serverGone();
    return apply();
  };

  const raced = (table: HotTable, written: readonly PackedRow[]): readonly RowKey[] =>
    written.filter((row) => (rows[table].get(rowKey(row))?.version ?? 0) !== row.version);

  const apply = (batch: Batch): BatchAnswer => {
    const place = placeOf(batch.log, batch.partition);
    const stands = positions.get(place);
    if (stands?.next !== batch.from || stands.epoch !== batch.epoch) return { outcome: 'fenced' };
    if (directory().edition !== batch.edition) return { outcome: 'outdated' };
    const left = { bracket: raced('bracket', batch.rows.bracket), gauge: raced('gauge', batch.rows.gauge) };
    if (left.bracket.length + left.gauge.length > 0) return { outcome: 'raced', rows: left };
    positions.set(place, { next: batch.to, epoch: batch.epoch });
    counts.records += batch.records;
    counts.readings += batch.readings;
    counts.folded += batch.folded;
    for (const table of ['bracket', 'gauge'] as const)
      for (const row of batch.rows[table])
        rows[table].set(rowKey(row), { ...row, version: row.version + 1, payload: Uint8Array.from(row.payload) });
    for (const item of batch.quarantined) quarantine.set(`${place}/${item.record.offset}/${item.ordinal}`, item);
    for (const [src, seen] of batch.seqs) {
      const key = `${place}/${src}`;
      seqs.set(key, rangesOf(seen).reduce<SeqSet>(addSeqs, seqs.get(key) ?? []));
    }
    return { outcome: 'committed' };
  };

  return {
    books: () => ({ rows, positions, quarantine, seqs, counts }),
    crash: () => {
      life += 1;
    },
    touch: (table, key) => {
      const row = rows[table].get(rowKey(key));
      if (row) rows[table].set(rowKey(key), { ...row, version: row.version + 1 });
    },
    acquaint: (log, partitionCount) =>
      write(() => {
        const known = logs.get(log) ?? partitionCount;
        logs.set(log, known);
        if (known !== partitionCount)
          throw storeError('PARTITIONS_CHANGED', `the log has ${partitionCount} partitions, the books know ${known}`, {
            retryable: false,
          });
      }),
    claim: (log, partition, low) =>
      write(() => {
        const place = placeOf(log, partition);
        const known = positions.get(place);
        const claimed = { next: known?.next ?? low, epoch: (known?.epoch ?? 0) + 1 };
        positions.set(place, claimed);
        return claimed;
      }),
    position: async (log, partition) => positions.get(placeOf(log, partition)),
    registryEdition: async () => directory().edition,
    loadDirectory: async () => directory(),
    readRows: async (table, keys) =>
      keys.flatMap((key) => {
        const row = rows[table].get(rowKey(key));
        return row ? [{ ...row, payload: Uint8Array.from(row.payload) }] : [];
      }),
    commit: (batch) => write(() => apply(batch)),
  };
}
