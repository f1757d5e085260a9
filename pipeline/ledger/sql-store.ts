import { type Kysely, sql, type Transaction } from 'kysely';
import { invariantError } from '#domain';
import { noteMarks } from '../books/dirty.ts';
import type { Books } from '../books/index.ts';
import type { Tables } from '../books/tables.ts';
import type { Quarantined } from './batch.ts';
import { isCurrent, loadAdmitting, registryVersions } from './directory.ts';
import { type HotTable, type RowKey, rowKey } from './hot.ts';
import { noteSources } from './sources.ts';
import type { Batch, BatchAnswer, LedgerStore, PackedRow, Position } from './store.ts';

/** The ledger's store in PostgreSQL. */
export const sqlStore = (books: Books): LedgerStore => ({
  acquaint: (log, partitionCount) => acquaint(books.db, log, partitionCount),
  claim: (log, partition, low) => claim(books.db, log, partition, low),
  position: (log, partition) => position(books.db, log, partition),
  registryVersions: () => registryVersions(books.db),
  loadDirectory: (before) => loadAdmitting(books.db, before),
  readRows: (table, keys) => readRows(books.db, table, keys),
  commit: async (batch) => {
    await books.ensurePartitions([...new Set([...batch.rows.bracket, ...batch.rows.gauge].map((row) => row.day))]);
    return commit(books.db, batch);
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

async function claim(db: Kysely<Tables>, log: string, partition: number, low: number): Promise<Position> {
  const { next_offset: next, epoch } = await db
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

/** A worker that stands still in mid-transaction keeps its partition from the next one for so long; then the server ends it. */
const LOCK_KEPT = '20s';

/** Offsets, rows, quarantine, sequence ranges and marks in one transaction (ledger.md, 9). */
async function commit(db: Kysely<Tables>, batch: Batch): Promise<BatchAnswer> {
  try {
    await db.transaction().execute((tx) => writeAll(tx, batch));
    return { outcome: 'committed' };
  } catch (error) {
    if (error instanceof NotWritten) return error.answer;
    throw error;
  }
}

async function writeAll(tx: Transaction<Tables>, batch: Batch): Promise<void> {
  const { log, partition, epoch, from, to, records, readings, folded, quarantined, seqs, versions, rows } = batch;
  const moved = await sql`
    update log_offset set next_offset = ${to}, records = records + ${records}, readings = readings + ${readings},
      folded = folded + ${folded}, quarantined = quarantined + ${quarantined.length}
    where log = ${log} and partition = ${partition} and next_offset = ${from} and epoch = ${epoch}
    returning set_config('idle_in_transaction_session_timeout', ${LOCK_KEPT}, true)`.execute(tx);
  if (moved.numAffectedRows !== 1n) throw new NotWritten({ outcome: 'fenced' });
  if (!(await isCurrent(tx, versions))) throw new NotWritten({ outcome: 'outdated' });
  const raced = {
    bracket: await writePacked(tx, 'bracket', rows.bracket),
    gauge: await writePacked(tx, 'gauge', rows.gauge),
  };
  if (raced.bracket.length + raced.gauge.length > 0) throw new NotWritten({ outcome: 'raced', rows: raced });
  await writeQuarantine(tx, log, quarantined);
  await noteSources(tx, log, partition, seqs);
  await noteMarks(tx, batch.marks);
}

export async function readRows(
  db: Kysely<Tables>,
  table: HotTable,
  keys: readonly RowKey[],
): Promise<readonly PackedRow[]> {
  const wanted = new Set(keys.map(rowKey));
  // by values and not by a join: month partitions that hold nothing of it are not looked at
  const { rows } = await sql<PackedRow>`
    select device_key as "deviceKey", day, part, version, payload from ${sql.table(table)}
    where day = any(${[...new Set(keys.map((k) => k.day))]}::int4[]) and device_key = any(${[...new Set(keys.map((k) => k.deviceKey))]}::int4[])`.execute(
    db,
  );
  return rows.filter((row) => wanted.has(rowKey(row)));
}

/** New rows are inserted where nobody was faster, known ones written by compare-and-set on the version. Answers the rows that did not match. */
export async function writePacked(
  tx: Transaction<Tables>,
  table: HotTable,
  rows: readonly PackedRow[],
): Promise<readonly RowKey[]> {
  const [fresh, known] = [rows.filter((row) => row.version === 0), rows.filter((row) => row.version > 0)];
  const columns = (part: readonly PackedRow[]) => sql`
    unnest(${part.map((r) => r.deviceKey)}::int4[], ${part.map((r) => r.day)}::int4[], ${part.map((r) => r.part)}::int2[],
      ${part.map((r) => r.version)}::int4[], ${part.map((r) => Buffer.from(r.payload))}::bytea[])
      as u(device_key, day, part, version, payload)`;
  const written = new Set<string>();
  const note = (keys: readonly RowKey[]): void => keys.forEach((key) => written.add(rowKey(key)));
  if (fresh.length > 0) {
    const { rows: inserted } = await sql<RowKey>`
      insert into ${sql.table(table)} (device_key, day, part, version, payload)
      select device_key, day, part, 1, payload from ${columns(fresh)}
      on conflict do nothing returning device_key as "deviceKey", day, part`.execute(tx);
    note(inserted);
  }
  if (known.length > 0) {
    const { rows: updated } = await sql<RowKey>`
      update ${sql.table(table)} t set payload = u.payload, version = t.version + 1 from ${columns(known)}
      where t.device_key = u.device_key and t.day = u.day and t.part = u.part and t.version = u.version
        and t.day = any(${[...new Set(known.map((r) => r.day))]}::int4[])
      returning t.device_key as "deviceKey", t.day, t.part`.execute(tx);
    note(updated);
  }
  return rows.filter((row) => !written.has(rowKey(row)));
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
