import { Kysely, PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import type { Telemetry } from '#platform';
import { migrate } from './migrate.ts';
import { createPartitions } from './partitions.ts';
import { booksError, openPool, placeOf } from './pool.ts';
import type { Tables } from './tables.ts';
import { type Tended, tendPartitions } from './tend.ts';

export { backup, restore } from './backup.ts';
export { SCHEMA_VERSION } from './migrate.ts';
export { inTransaction } from './partitions.ts';
export { booksError, placeOf } from './pool.ts';
export type { Tables } from './tables.ts';

/** The books: one PostgreSQL database, schema up to date. */
export interface Books {
  readonly db: Kysely<Tables>;
  /** For what a query builder cannot say: binary arrays, cursors. The same connections as `db`. */
  readonly pool: Pool;
  /** Before rows of these UTC days are written. Cheap when called again. */
  readonly ensurePartitions: (days: Iterable<number>) => Promise<void>;
  /** Where one of them turns out to be missing: another program's housekeeping has dropped it. */
  readonly forgetPartitions: () => void;
  /** Housekeeping, once a day or so; `today` is a UTC day. */
  readonly tend: (today: number) => Promise<Tended>;
  readonly close: () => Promise<void>;
}

/** Throws BOOKS_UNREACHABLE, BOOKS_LOGIN_REFUSED, BOOKS_MISSING, BOOKS_FOREIGN, BOOKS_NEWER, BOOKS_SERVER_OLD, DISK_FULL. */
export async function openBooks(options: { readonly dsn: string; readonly telemetry: Telemetry }): Promise<Books> {
  const pool = openPool(options.dsn, options.telemetry);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrate(db as Kysely<unknown>, placeOf(options.dsn)); // migrations know no table types
  } catch (error) {
    await db.destroy();
    throw booksError(error, options.dsn);
  }
  let closing: Promise<void> | undefined;
  let ensure = createPartitions(pool);
  const forgetPartitions = (): void => {
    ensure = createPartitions(pool);
  };
  const tend = async (today: number): Promise<Tended> => {
    const tended = await tendPartitions(pool, today);
    forgetPartitions();
    return tended;
  };
  return {
    db,
    pool,
    ensurePartitions: (days) => ensure(days),
    forgetPartitions,
    tend,
    close: () => (closing ??= db.destroy()),
  };
}
