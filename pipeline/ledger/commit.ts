import type { Quarantined } from './batch.ts';
import type { Admitting } from './directory.ts';
import { marksOf, type Stores } from './join-readings.ts';
import { dirtyRows, markWritten, reread } from './rows.ts';
import type { Batch, BatchAnswer, LedgerStore } from './store.ts';

/** What one partition has taken in since its last commit. */
export interface Pending {
  readonly partition: number;
  readonly from: number;
  to: number;
  records: number;
  readings: number;
  folded: number;
  readonly quarantined: Quarantined[];
  readonly seqs: Map<string, number[]>;
}

export interface CommitScope extends Stores {
  readonly store: LedgerStore;
  readonly log: string;
  readonly epoch: number;
  readonly pending: Pending;
  /** Under which the readings were admitted and joined. */
  readonly directory: Admitting;
  /** After it nobody is waited for who holds the partition's row. */
  readonly signal?: AbortSignal | undefined;
}

/** `fenced`: somebody else holds the partition. `outdated`: the registry changed under us. Memory is worth nothing after both. */
export type CommitOutcome = 'committed' | 'fenced' | 'outdated';

/**
 * Writes what the partition has taken in. A row that somebody else wrote is read, joined and tried again. An unknown
 * outcome is settled by re-reading the offset row.
 */
export async function commit(scope: CommitScope): Promise<CommitOutcome> {
  const { store, brackets, gauges } = scope;
  for (;;) {
    const answer = await settled(scope, () => store.commit(batchOf(scope), scope.signal));
    if (answer.outcome === 'raced') {
      await reread(store, brackets, answer.rows.bracket);
      await reread(store, gauges, answer.rows.gauge);
      continue;
    }
    if (answer.outcome === 'committed') {
      markWritten(brackets);
      markWritten(gauges);
    }
    return answer.outcome;
  }
}

async function settled(scope: CommitScope, write: () => Promise<BatchAnswer>): Promise<BatchAnswer> {
  try {
    return await write();
  } catch (error) {
    const { store, log, epoch, pending } = scope;
    const stands = await store.position(log, pending.partition);
    const moved = stands?.epoch === epoch && stands.next === pending.to && pending.to !== pending.from;
    if (moved) return { outcome: 'committed' };
    throw error;
  }
}

const batchOf = ({ log, epoch, pending, directory, brackets, gauges }: CommitScope): Batch => ({
  ...pending,
  log,
  epoch,
  edition: directory.edition,
  rows: { bracket: dirtyRows(brackets), gauge: dirtyRows(gauges) },
  marks: marksOf({ brackets, gauges }),
});
