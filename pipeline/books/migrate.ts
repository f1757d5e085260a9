import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { configError } from '#domain';
import * as first from './migrations/0001-first.ts';
import * as unpack from './migrations/0002-unpack.ts';
import * as rules from './migrations/0003-rules.ts';
import * as evidence from './migrations/0004-evidence.ts';
import * as intake from './migrations/0005-intake.ts';
import * as marks from './migrations/0006-marks.ts';
import * as historian from './migrations/0007-historian.ts';
import * as sources from './migrations/0008-sources.ts';
import * as admitting from './migrations/0009-admitting.ts';
import * as edition from './migrations/0010-registry-edition.ts';
import * as settled from './migrations/0011-settled-version.ts';
import * as partyDay from './migrations/0012-party-day.ts';
import * as marksOfEdits from './migrations/0013-marks-of-edits.ts';

/** In order, forward only; a released one is never edited. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': first,
  '0002-unpack': unpack,
  '0003-rules': rules,
  '0004-evidence': evidence,
  '0005-intake': intake,
  '0006-marks': marks,
  '0007-historian': historian,
  '0008-sources': sources,
  '0009-admitting': admitting,
  '0010-registry-edition': edition,
  '0011-settled-version': settled,
  '0012-party-day': partyDay,
  '0013-marks-of-edits': marksOfEdits,
};

const TABLE = 'civicmeter_migration';

/** Name of the newest migration: the version of the schema. */
export const SCHEMA_VERSION = Object.keys(MIGRATIONS).at(-1) ?? '';

/**
 * Brings the schema up to date. Processes that start at once wait for each other (advisory lock of Kysely's migrator).
 * Throws BOOKS_FOREIGN, BOOKS_NEWER, BOOKS_SERVER_OLD; nothing is changed then.
 */
export async function migrate(db: Kysely<unknown>, place: string): Promise<void> {
  await requireServer(db, place);
  const applied = await appliedMigrations(db, place);
  const unknown = applied.filter((name) => !(name in MIGRATIONS));
  if (unknown.length > 0) {
    throw configError('BOOKS_NEWER', `a newer release has written these books (${unknown.join(', ')})`, {
      place,
      cure: 'start that release or a later one',
    });
  }
  if (applied.length === Object.keys(MIGRATIONS).length) return;
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
    migrationTableName: TABLE,
    migrationLockTableName: `${TABLE}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** Multiranges and `attach partition` under a light lock. */
const OLDEST_SERVER = 14;

async function requireServer(db: Kysely<unknown>, place: string): Promise<void> {
  const { rows } = await sql<{ version: string }>`select current_setting('server_version_num') as version`.execute(db);
  const major = Math.floor(Number(rows[0]?.version) / 10_000);
  if (major >= OLDEST_SERVER) return;
  throw configError('BOOKS_SERVER_OLD', `the server is PostgreSQL ${major}`, {
    place,
    cure: `use PostgreSQL ${OLDEST_SERVER} or newer`,
  });
}

async function appliedMigrations(db: Kysely<unknown>, place: string): Promise<readonly string[]> {
  const tables = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm') order by 1`.execute(db);
  const names = tables.rows.map((row) => row.name);
  if (names.includes(TABLE)) {
    const done = await sql<{ name: string }>`select name from ${sql.table(TABLE)} order by name`.execute(db);
    return done.rows.map((row) => row.name);
  }
  if (names.length === 0) return [];
  throw configError('BOOKS_FOREIGN', `the database is not CivicMeter's: it holds ${names.slice(0, 3).join(', ')}`, {
    place,
    cure: 'give the DSN of an empty database, or of one that CivicMeter made',
    context: { tables: names.length },
  });
}
