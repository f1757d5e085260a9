import { type Kysely, sql, type Transaction } from 'kysely';
import { invariantError } from '#domain';
import { noteMarks } from '../books/dirty.ts';
import type { Books } from '../books/index.ts';
import { type PackedRow, readPacked } from '../books/packed-rows.ts';
import { isPartitionMissing } from '../books/partitions.ts';
import { isLockRefused } from '../books/passing.ts';
import { registryEdition } from '../books/registry.ts';
import type { Tables } from '../books/tables.ts';
import { loadAdmitting } from './admitting.ts';
import type { Quarantined } from './batch.ts';
import { isCurrent } from './directory.ts';
import { type HotTable, type RowKey, rowKey } from './hot.ts';
import { noteSources } from './sources.ts';
import type { Batch, BatchAnswer, LedgerStore, Position } from './store.ts';

/** The ledger's store in PostgreSQL. */
export const sqlStore = (books: Books): LedgerStore => ({
  acquaint: (log, partitionCount) => acquaint(books.db, log, partitionCount),
  claim: (log, partition, low, signal) => claim(books.db, { log, partition, signal }, low),
  position: (log, partition) => position(books.db, log, partition),
  registryEdition: () => registryEdition(books.db),
  loadDirectory: (before) => loadAdmitting(books.db, before),
  readRows: (table, keys) => readRows(books.db, table, keys),
  commit: async (batch, signal) => {
    const days = new Set([...batch.rows.bracket, ...batch.rows.gauge].map((row) => row.day));
    for (let again = false; ; again = true) {
      await books.ensurePartitions(days);
      try {
        return await commit(books.db, batch, signal);
      } catch (error) {
        if (again || !isPartitionMissing(error)) throw error;
        books.forgetPartitions();
      }
    }
  },
});

async function acquaint(db: Kysely<Tables>, id: string, partitionCount: number): Promise<void> {
  await db
    .insertInto('log')
    .values({ id, partition_count: partitionCount })
    .onConflict((c) => c.column('id').doNothing())
    .execute();
  const known = await db.selectFrom('log').select('partition_count').where('id', '=', id).executeTakeFirstOrThrow();
  if (known.partition_count === partitionCount) return;
  throw invariantError(
    'PARTITIONS_CHANGED',
    `the log has ${partitionCount} partitions, the books know ${known.partition_count}`,
  );
}

/**
 * Whom the group took a partition from for its silence may stand still in the transaction that holds the partition's row, and would keep it until
 * LOCK_KEPT: whoever was given the partition ends a transaction that stands still for so long, and has it a session time-out and this after the silence
 * began. What a slow server or a slow line keeps waiting is not ended by it: its holder is not silent in the group, so nobody else claims. A commit waits no
 * longer than a claim: a late one of the holder before may have locked the row after the claim.
 */
const STILL = '2s';

async function claim(db: Kysely<Tables>, place: Place, low: number): Promise<Position> {
  const { log, partition } = place;
  await endStill(db, log, partition);
  return despiteStill(db, place, (tx) => claimWithin(tx, log, partition, low));
}

interface Place {
  readonly log: string;
  readonly partition: number;
  readonly signal: AbortSignal | undefined;
}

/** A transaction that gives up waiting for the partition's row after STILL, and is then begun again until the signal aborts. */
async function despiteStill<T>(
  db: Kysely<Tables>,
  { log, partition, signal }: Place,
  work: (tx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await db.transaction().execute(async (tx) => {
        await sql`select set_config('lock_timeout', ${STILL}, true), set_config('idle_in_transaction_session_timeout', ${LOCK_KEPT}, true)`.execute(
          tx,
        );
        return work(tx);
      });
    } catch (error) {
      if (!isLockRefused(error) || signal?.aborted) throw error;
      await endStill(db, log, partition);
    }
  }
}

/** Of the transaction that changed or locked the row, where it waits for its client, also in the middle of a message; what cannot be seen or ended, as of another role, is waited for. */
const endStill = (db: Kysely<Tables>, log: string, partition: number) =>
  sql`
    select pg_terminate_backend(a.pid) from log_offset o join pg_stat_activity a on a.backend_xid = o.xmax
    where o.log = ${log} and o.partition = ${partition} and a.usename = current_user
      and a.wait_event_type = 'Client' and a.state_change < clock_timestamp() - ${STILL}::interval`.execute(db);

async function claimWithin(tx: Transaction<Tables>, log: string, partition: number, low: number): Promise<Position> {
  const { next_offset: next, epoch } = await tx
    .insertInto('log_offset')
    .values({ log, partition, next_offset: low, epoch: 1 })
    .onConflict((c) => c.columns(['log', 'partition']).doUpdateSet((eb) => ({ epoch: eb('log_offset.epoch', '+', 1) })))
    .returning(['next_offset', 'epoch'])
    .executeTakeFirstOrThrow();
  return { next, epoch };
}

async function position(db: Kysely<Tables>, log: string, partition: number): Promise<Position | undefined> {
  const row = await db
    .selectFrom('log_offset')
    .select(['next_offset', 'epoch'])
    .where('log', '=', log)
    .where('partition', '=', partition)
    .executeTakeFirst();
  return row && { next: row.next_offset, epoch: row.epoch };
}

/** Ends the transaction with an answer and nothing written. */
class NotWritten extends Error {
  readonly answer: BatchAnswer;
  constructor(answer: BatchAnswer) {
    super(answer.outcome);
    this.answer = answer;
  }
}

/** The server ends a worker's transaction that stands still for so long. Longer than a line may be slow: the next holder does not wait for it (STILL). */
const LOCK_KEPT = '20s';

/** Offsets, rows, quarantine, sequence ranges and marks in one transaction (ledger.md, 9). */
async function commit(db: Kysely<Tables>, batch: Batch, signal: AbortSignal | undefined): Promise<BatchAnswer> {
  try {
    await despiteStill(db, { log: batch.log, partition: batch.partition, signal }, (tx) => writeAll(tx, batch));
    return { outcome: 'committed' };
  } catch (error) {
    if (error instanceof NotWritten) return error.answer;
    throw error;
  }
}

async function writeAll(tx: Transaction<Tables>, batch: Batch): Promise<void> {
  const { log, partition, epoch, from, to, records, readings, folded, quarantined, seqs, edition, rows } = batch;
  const moved = await sql`
    update log_offset set next_offset = ${to}, records = records + ${records}, readings = readings + ${readings},
      folded = folded + ${folded}, quarantined = quarantined + ${quarantined.length}
    where log = ${log} and partition = ${partition} and next_offset = ${from} and epoch = ${epoch}
    returning set_config('lock_timeout', '0', true)`.execute(tx);
  // a row that somebody else has claimed meanwhile stays locked by a comparison that fails, until this transaction ends
  if (moved.numAffectedRows !== 1n) throw new NotWritten({ outcome: 'fenced' });
  if (!(await isCurrent(tx, edition))) throw new NotWritten({ outcome: 'outdated' });
  const raced = {
    bracket: await writePacked(tx, 'bracket', rows.bracket),
    gauge: await writePacked(tx, 'gauge', rows.gauge),
  };
  if (raced.bracket.length + raced.gauge.length > 0) throw new NotWritten({ outcome: 'raced', rows: raced });
  await writeQuarantine(tx, log, quarantined);
  await noteSources(tx, log, partition, seqs);
  await noteMarks(tx, batch.marks);
}

/** Ends a transaction with nothing written: somebody else has written one of its rows meanwhile. */
class Raced extends Error {}

/** The work in a transaction; undefined where one of its `writeWhole` raced, and nothing was written. */
export async function unlessRaced<T>(
  db: Kysely<Tables>,
  work: (tx: Transaction<Tables>) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await db.transaction().execute(work);
  } catch (error) {
    if (error instanceof Raced) return undefined;
    throw error;
  }
}

/** `writePacked`, all of them or, within `unlessRaced`, nothing. */
export async function writeWhole(tx: Transaction<Tables>, table: HotTable, rows: readonly PackedRow[]): Promise<void> {
  if ((await writePacked(tx, table, rows)).length > 0) throw new Raced();
}

/** Rows asked for, or written, at once: some 8 MB. */
const ROWS_AT_ONCE = 8_192;

export async function readRows(
  db: Kysely<Tables>,
  table: HotTable,
  keys: readonly RowKey[],
): Promise<readonly PackedRow[]> {
  const found: PackedRow[] = [];
  for (let at = 0; at < keys.length; at += ROWS_AT_ONCE)
    for (const row of await readSome(db, table, keys.slice(at, at + ROWS_AT_ONCE))) found.push(row);
  return found;
}

async function readSome(db: Kysely<Tables>, table: HotTable, keys: readonly RowKey[]): Promise<readonly PackedRow[]> {
  const wanted = new Set(keys.map(rowKey));
  // by values and not by a join: month partitions that hold nothing of it are not looked at
  const rows = await readPacked(
    db,
    sql`${sql.table(table)}
      where day = any(${array(new Set(keys.map((k) => k.day)))}::int4[]) and device_key = any(${array(new Set(keys.map((k) => k.deviceKey)))}::int4[])`,
  );
  return rows.filter((row) => wanted.has(rowKey(row)));
}

/** As PostgreSQL writes an array; the client would quote each number. */
const array = (numbers: Iterable<number>): string => `{${[...numbers].join(',')}}`;

/** New rows are inserted where nobody was faster, known ones written by compare-and-set on the version. Answers the rows that did not match. */
export async function writePacked(
  tx: Transaction<Tables>,
  table: HotTable,
  rows: readonly PackedRow[],
): Promise<readonly RowKey[]> {
  const raced: RowKey[] = [];
  for (const [isFresh, part] of [
    [true, rows.filter((row) => row.version === 0)],
    [false, rows.filter((row) => row.version > 0)],
  ] as const) {
    for (let at = 0; at < part.length; at += ROWS_AT_ONCE)
      for (const key of await writeSome(tx, table, part.slice(at, at + ROWS_AT_ONCE), isFresh)) raced.push(key);
  }
  return raced;
}

/** The payloads go as one value, in which each row has its place. */
async function writeSome(
  tx: Transaction<Tables>,
  table: HotTable,
  rows: readonly PackedRow[],
  isFresh: boolean,
): Promise<readonly RowKey[]> {
  const begins: number[] = [];
  let length = 0;
  for (const { payload } of rows) {
    begins.push(length + 1);
    length += payload.length;
  }
  const payloads = Buffer.concat(
    rows.map((row) => row.payload),
    length,
  );
  const given = sql`
    unnest(${array(rows.map((r) => r.deviceKey))}::int4[], ${array(rows.map((r) => r.day))}::int4[], ${array(rows.map((r) => r.part))}::int2[],
      ${array(rows.map((r) => r.version))}::int4[], ${array(begins)}::int4[], ${array(rows.map((r) => r.payload.length))}::int4[])
      as u(device_key, day, part, version, begins, length)`;
  const payload = sql`substr(${payloads}::bytea, u.begins, u.length)`;
  const days = array(new Set(rows.map((r) => r.day)));
  const written = isFresh
    ? sql`insert into ${sql.table(table)} (device_key, day, part, version, payload)
        select device_key, day, part, 1, ${payload} from ${given} on conflict do nothing returning device_key, day, part`
    : sql`update ${sql.table(table)} t set payload = ${payload}, version = t.version + 1 from ${given}
        where t.device_key = u.device_key and t.day = u.day and t.part = u.part and t.version = u.version
          and t.day = any(${days}::int4[]) returning t.device_key, t.day, t.part`;
  const { rows: raced } = await sql<RowKey>`
    with written as (${written})
    select device_key as "deviceKey", day, part from ${given} except select device_key, day, part from written`.execute(
    tx,
  );
  return raced;
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
          detail: printable(detail.slice(0, 500)),
          site: frame?.site ?? null,
          device: frame?.device ?? null,
          register: frame?.r[ordinal] ? printable(frame.r[ordinal][0]) : null,
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
const printable = (text: string): string => text.replaceAll('\0', '\u{fffd}');
