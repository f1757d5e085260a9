import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { firstDayOfMonth, formatMonth, monthOfDay } from '#domain';

/** Tables with a partition per month of UTC days. */
const PARTITIONED = ['bracket', 'gauge'] as const;

/** Any constant of ours. */
const LOCK = 0x63697670;

/** bracket_2026_03 */
const nameOf = (table: string, month: number): string => `${table}_${formatMonth(month).replace('-', '_')}`;

/**
 * Makes the month partitions of these UTC days where they are missing. A partition is made apart and then attached, which
 * does not wait for running reads and writes of the others. Half of each page is left free, so that the rewriting of the
 * running day stays within its page.
 */
export function createPartitions(pool: Pool): (days: Iterable<number>) => Promise<void> {
  const known = new Set<number>();
  return async (days) => {
    const missing = [...days].filter((day) => !known.has(monthOfDay(day)));
    if (missing.length === 0) return;
    await inTransaction(pool, (client) => attachPartitions(client, missing));
    for (const day of missing) known.add(monthOfDay(day));
  };
}

/** SQLSTATE 23514 without the name of a check: there is no partition for a row. */
export const isPartitionMissing = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === '23514' && error.constraint === undefined;

export const isPartitioned = (table: string): boolean => PARTITIONED.some((name) => name === table);

/** The same within a transaction. */
export async function attachPartitions(client: PoolClient, days: Iterable<number>): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
  const months = [...new Set([...days].map(monthOfDay))].toSorted((a, b) => a - b);
  for (const month of months) for (const table of PARTITIONED) await createPartition(client, table, month);
}

async function createPartition(client: PoolClient, table: string, month: number): Promise<void> {
  const name = nameOf(table, month);
  const { rows } = await client.query<{ name: string | null }>('select to_regclass($1)::text as name', [name]);
  if (rows[0]?.name) return;
  // names and bounds are ours (a table above, whole numbers): identifiers cannot be parameters
  await client.query(
    `create table ${name} (like ${table} including all) with (fillfactor = 50, toast_tuple_target = 8160)`,
  );
  const [from, to] = [firstDayOfMonth(month), firstDayOfMonth(month + 1)];
  await client.query(`alter table ${table} attach partition ${name} for values from (${from}) to (${to})`);
}

/** Commits what `work` did, or nothing of it. */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  begin = 'begin',
): Promise<T> {
  const client = await pool.connect();
  let failed: unknown;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    failed = error;
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    // after a failure the connection may be in an unknown state: it is not used again
    client.release(failed !== undefined);
  }
}
