import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { firstDayOfMonth } from '#domain';
import { isServerDiskFull, isLockRefused } from './passing.ts';

/** Gauges are kept this long; brackets for ever (architecture.md, Books). */
export const GAUGE_DAYS = 90;
/** What a partition's pages are filled to, in percent: while it is written, from when its packing began, and packed. */
const FILLED = { hot: 50, packing: 99, packed: 100 };
/** Days after a month in which most late readings have come. */
const HOT_DAYS = 7;

export interface Tended {
  /** Partitions that were rewritten without free space. */
  readonly cooled: readonly string[];
  /** Partitions of gauges that were dropped. */
  readonly dropped: readonly string[];
}

/**
 * Housekeeping of the month partitions, once a day or so: months that are over are packed tight, gauges past their time are
 * dropped. What somebody uses at the moment, what there is no room for and what was interrupted is left for the next time.
 */
export async function tendPartitions(pool: Pool, today: number): Promise<Tended> {
  const client = await pool.connect();
  try {
    await client.query(`set lock_timeout = '2s'`);
    const { rows } = await client.query<{ alone: boolean }>('select pg_try_advisory_lock($1) as alone', [LOCK]);
    if (rows[0]?.alone !== true) return { cooled: [], dropped: [] };
    const tended = await tendAlone(client, today);
    // a connection that goes keeps its lock for a moment
    await client.query('select pg_advisory_unlock($1)', [LOCK]);
    return tended;
  } finally {
    // with it goes the time-out, and after a failure the lock
    client.release(true);
  }
}

/** One at a time of all programs that keep these books. */
const LOCK = 0x63697674;

async function tendAlone(client: PoolClient, today: number): Promise<Tended> {
  const partitions = await listPartitions(client);
  const over = partitions.filter((p) => p.table === 'gauge' && firstDayOfMonth(p.month + 1) + GAUGE_DAYS <= today);
  const cold = partitions.filter((p) => p.hot && firstDayOfMonth(p.month + 1) + HOT_DAYS <= today && !over.includes(p));
  const dropped = await eachUnlessBusy(client, over, (table) => [`drop table ${table}`]);
  const cooled = await eachUnlessBusy(client, cold, (table) => [
    // the rewriting goes by the factor that is set; only one that has ended says that it is packed
    fill(table, FILLED.packing),
    `vacuum full ${table}`,
    fill(table, FILLED.packed),
  ]);
  return { cooled, dropped };
}

const fill = (table: string, percent: number): string => `alter table ${table} set (fillfactor = ${percent})`;

interface Partition {
  readonly name: string;
  readonly table: string;
  readonly month: number;
  readonly hot: boolean;
}

async function listPartitions(client: PoolClient): Promise<readonly Partition[]> {
  const { rows } = await client.query<{ name: string; table: string; hot: boolean }>(`
    select c.relname as name, p.relname as table, coalesce(c.reloptions && '{fillfactor=${FILLED.hot},fillfactor=${FILLED.packing}}', false) as hot
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    where p.relnamespace = current_schema()::regnamespace and p.relkind = 'p' and c.relkind = 'r' order by 1`);
  return rows.flatMap((row) => {
    const [, year, month] = /_(\d{4})_(\d{2})$/.exec(row.name) ?? [];
    return year === undefined ? [] : [{ ...row, month: Number(year) * 12 + Number(month) - 1 }];
  });
}

async function eachUnlessBusy(
  client: PoolClient,
  partitions: readonly Partition[],
  statements: (table: string) => readonly string[],
): Promise<readonly string[]> {
  const done: string[] = [];
  for (const { name } of partitions) {
    try {
      for (const statement of statements(escapeIdentifier(name))) await client.query(statement);
      done.push(name);
    } catch (error) {
      if (!isLockRefused(error) && !isServerDiskFull(error)) throw error;
    }
  }
  return done;
}
