import type { RowMark } from '../books/dirty.ts';
import type { PackedRow } from '../books/packed-rows.ts';
import type { Quarantined } from './batch.ts';
import type { Admitting } from './directory.ts';
import type { HotTable, RowKey } from './hot.ts';

/** Gives packed rows as they stand now; those that are not there are left out. */
export interface RowSource {
  readonly readRows: (table: HotTable, keys: readonly RowKey[]) => Promise<readonly PackedRow[]>;
}

/** Where a partition's worker stands: the next offset, and the epoch that its holder was given. */
export interface Position {
  readonly next: number;
  readonly epoch: number;
}

/** What a worker writes at once: all of it or nothing. */
export interface Batch {
  readonly log: string;
  readonly partition: number;
  readonly epoch: number;
  /** The offset moves from here to there, by compare-and-set under the epoch. */
  readonly from: number;
  readonly to: number;
  readonly records: number;
  readonly readings: number;
  readonly folded: number;
  readonly quarantined: readonly Quarantined[];
  /** seq numbers seen, per src. */
  readonly seqs: ReadonlyMap<string, readonly number[]>;
  /** Of the registries under which the readings were admitted and joined. */
  readonly edition: number;
  /** Each written by compare-and-set on its version. */
  readonly rows: Readonly<Record<HotTable, readonly PackedRow[]>>;
  readonly marks: readonly RowMark[];
}

/** `fenced`: somebody else holds the partition. `outdated`: the registry changed. `raced`: these rows were written by somebody else. Nothing was written in any of the three. */
export type BatchAnswer =
  | { readonly outcome: 'committed' | 'fenced' | 'outdated' }
  | { readonly outcome: 'raced'; readonly rows: Readonly<Record<HotTable, readonly RowKey[]>> };

/** What a ledger worker needs of the books (ledger.md, 9). The books are the only commit point; each function is one transaction. */
export interface LedgerStore extends RowSource {
  /** Remembers the log by its identity. Throws PARTITIONS_CHANGED: another count under one identity would scatter devices. */
  readonly acquaint: (log: string, partitionCount: number) => Promise<void>;
  /** Takes a partition from whoever holds it; `low` is where a log that nobody has read begins. Once the signal aborts, nobody is waited for any longer. */
  readonly claim: (log: string, partition: number, low: number, signal?: AbortSignal) => Promise<Position>;
  /** Where the partition stands, read to settle a commit whose answer was lost. */
  readonly position: (log: string, partition: number) => Promise<Position | undefined>;
  /** How often the registries have changed. */
  readonly registryEdition: () => Promise<number>;
  /** `before`: what was loaded last. */
  readonly loadDirectory: (before?: Admitting) => Promise<Admitting>;
  /** Rejects where the outcome is unknown, or where somebody holds the partition's row and the signal aborts. */
  readonly commit: (batch: Batch, signal?: AbortSignal) => Promise<BatchAnswer>;
}
