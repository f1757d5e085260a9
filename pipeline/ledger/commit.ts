import { type Kysely, sql, type Transaction } from 'kysely';
import { markDirty } from '../books/dirty.ts';
import type { Tables } from '../books/tables.ts';
import { multirange, type Quarantined, rangesOf } from './batch.ts';
import { type Directory, isCurrent } from './directory.ts';
import { type DirtyMarks, marksOf, type Stores } from './join-readings.ts';
import { markWritten, reread, writeRows } from './rows.ts';

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
  readonly db: Kysely<Tables>;
  readonly log: string;
  readonly epoch: number;
  readonly pending: Pending;
  /** Under which the readings were admitted and joined. */
  readonly directory: Directory;
  readonly dirty: DirtyMarks;
}

/** `fenced`: somebody else holds the partition. `outdated`: the registry changed under us. Memory is worth nothing after both. */
export type CommitOutcome = 'committed' | 'fenced' | 'outdated';

class Fenced extends Error {}
class Outdated extends Error {}
class Raced extends Error {
  readonly brackets: Awaited<ReturnType<typeof writeRows>>;
  readonly gauges: Awaited<ReturnType<typeof writeRows>>;
  constructor(brackets: Raced['brackets'], gauges: Raced['gauges']) {
    super('rows changed under us');
    this.brackets = brackets;
    this.gauges = gauges;
  }
}

/**
 * Offsets, rows, quarantine, sequence ranges and marks in one transaction (ledger.md, 9). The offset moves by compare-and-set under our epoch;
 * a row that somebody else wrote is read, joined and tried again. An unknown outcome is settled by re-reading the offset row.
 */
export async function commit(scope: CommitScope): Promise<CommitOutcome> {
  for (;;) {
    try {
      await scope.db.transaction().execute((tx) => writeAll(tx, scope));
      return settleMemory(scope);
    } catch (error) {
      if (error instanceof Fenced) return 'fenced';
      if (error instanceof Outdated) return 'outdated';
      if (error instanceof Raced) {
        await reread(scope.db, scope.brackets, error.brackets);
        await reread(scope.db, scope.gauges, error.gauges);
        continue;
      }
      const known = await offsetRow(scope);
      if (
        known &&
        known.epoch === scope.epoch &&
        known.next_offset === scope.pending.to &&
        scope.pending.to !== scope.pending.from
      )
        return settleMemory(scope);
      throw error;
    }
  }
}

function settleMemory({ brackets, gauges }: CommitScope): CommitOutcome {
  markWritten(brackets);
  markWritten(gauges);
  return 'committed';
}

const offsetRow = ({ db, log, pending }: CommitScope) =>
  db
    .selectFrom('log_offset')
    .select(['next_offset', 'epoch'])
    .where('log', '=', log)
    .where('partition', '=', pending.partition)
    .executeTakeFirst();

async function writeAll(tx: Transaction<Tables>, scope: CommitScope): Promise<void> {
  const { log, epoch, pending } = scope;
  const moved = await sql`
    update log_offset set next_offset = ${pending.to}, records = records + ${pending.records}, readings = readings + ${pending.readings},
      folded = folded + ${pending.folded}, quarantined = quarantined + ${pending.quarantined.length}
    where log = ${log} and partition = ${pending.partition} and next_offset = ${pending.from} and epoch = ${epoch}`.execute(
    tx,
  );
  if (moved.numAffectedRows !== 1n) throw new Fenced();
  if (!(await isCurrent(tx, scope.directory))) throw new Outdated();
  const raced = [await writeRows(tx, scope.brackets), await writeRows(tx, scope.gauges)] as const;
  if (raced[0].length > 0 || raced[1].length > 0) throw new Raced(...raced);
  await writeQuarantine(tx, log, pending.quarantined);
  await writeSeqs(tx, log, pending);
  await markDirty(tx, marksOf(scope.dirty));
}

export async function writeQuarantine(
  tx: Transaction<Tables>,
  log: string,
  items: readonly Quarantined[],
): Promise<void> {
  const chunk = 2_000;
  for (let i = 0; i < items.length; i += chunk) {
    await tx
      .insertInto('quarantine')
      .values(
        items.slice(i, i + chunk).map(({ record, ordinal, reason, detail, frame }) => ({
          log,
          partition: record.partition,
          log_offset: record.offset,
          ordinal,
          appended_at: record.appendedAt,
          reason,
          detail: detail.slice(0, 500),
          site: frame?.site ?? null,
          device: frame?.device ?? null,
          register: printable(frame?.r[ordinal]?.[0]),
          at: frame?.at ?? null,
          value: frame?.r[ordinal] ? String(frame.r[ordinal][1]) : null,
          payload: Buffer.from(record.value),
          settled_at: null,
        })),
      )
      .onConflict((c) => c.columns(['log', 'partition', 'log_offset', 'ordinal']).doNothing())
      .execute();
  }
}

/** PostgreSQL's text holds no NUL. The payload keeps the bytes as they came. */
const printable = (text: string | undefined): string | null => text?.replaceAll('\0', '\u{fffd}') ?? null;

async function writeSeqs(tx: Transaction<Tables>, log: string, { partition, seqs }: Pending): Promise<void> {
  for (const [src, seen] of seqs) {
    const ranges = multirange(rangesOf(seen));
    await sql`
      insert into log_source as s (log, partition, src, seqs, repeated) values (${log}, ${partition}, ${src}, ${ranges}::int8multirange,
        ${seen.length} - (select coalesce(sum(upper(r) - lower(r)), 0) from unnest(${ranges}::int8multirange) r))
      on conflict (log, partition, src) do update set seqs = s.seqs + excluded.seqs, repeated = s.repeated + ${seen.length}
        - (select coalesce(sum(upper(r) - lower(r)), 0) from unnest(excluded.seqs - s.seqs) r)`.execute(tx);
  }
}
