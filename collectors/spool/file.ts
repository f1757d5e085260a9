import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { operateSpool, type SpoolFileHandle } from './operate.ts';
import { SpoolFileError } from './protocol.ts';

/** Written into the file's header, so that no other database is ever taken for a spool ("CMSP"). */
const APPLICATION_ID = 0x434d5350;
/** 2: acknowledged ranges above the first frame that is not (table `sent`). 3: numbers that were lost (table `gap`). */
const VERSION = 3;
/** Older ones can corrupt a file in WAL mode when the log is reset (release notes of SQLite 3.51.3). */
const OLDEST_SQLITE = [3, 51, 3] as const;
const PAGE_BYTES = 8192;

const SCHEMA = `
  create table spool (src text not null, created_at integer not null, next integer not null, acknowledged integer not null) strict;
  create table frame (seq integer primary key, appended_at integer not null, device text not null, value blob not null) strict;
`;
const RANGES = `
  create table if not exists sent (from_seq integer primary key, to_seq integer not null) strict;
  create table if not exists gap (from_seq integer primary key, to_seq integer not null) strict;
`;

export interface FileOptions {
  readonly file: string;
  /** Epoch ms, kept as the file's date of birth. */
  readonly now: number;
  /** Largest size of the file; the disk's where absent. */
  readonly maxBytes?: number | undefined;
  /** How long to wait for another process to let the file go. */
  readonly lockTimeoutMs: number;
  /** Free space of the disk, in bytes, below which nothing more is appended, so that what is in the file can still leave it. */
  readonly reserveBytes: number;
}

/** Opens or creates the file, synchronously and alone: the lock is the operating system's, so that it dies with the process. */
export function openSpoolFile(options: FileOptions): SpoolFileHandle {
  const db = new DatabaseSync(options.file, { timeout: options.lockTimeoutMs });
  try {
    prepareFile(db, options);
    return operateSpool(db, options);
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepareFile(db: DatabaseSync, options: FileOptions): void {
  refuseOldSqlite(String(db.prepare('select sqlite_version() as v').get()?.['v']));
  db.exec('pragma locking_mode = exclusive');
  refuseForeignFile(db);
  db.exec(`
    pragma page_size = ${PAGE_BYTES};
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma wal_autocheckpoint = ${(32 * 1024 * 1024) / PAGE_BYTES};
    pragma journal_size_limit = ${64 * 1024 * 1024};
    begin exclusive;
  `);
  if (pragma(db, 'application_id') !== APPLICATION_ID) {
    db.exec(SCHEMA);
    db.prepare('insert into spool values (?, ?, 0, 0)').run(randomBytes(4).toString('hex'), options.now);
    db.exec(`pragma application_id = ${APPLICATION_ID}`);
  }
  if (pragma(db, 'user_version') < VERSION) db.exec(`${RANGES} pragma user_version = ${VERSION};`);
  db.exec('commit');
  if (options.maxBytes !== undefined) {
    db.exec(`pragma max_page_count = ${Math.max(1, Math.floor(options.maxBytes / PAGE_BYTES))}`);
  }
}

export function refuseOldSqlite(version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const [a, b, c] = OLDEST_SQLITE;
  const old = major !== a ? major < a : minor !== b ? minor < b : patch < c;
  if (old) {
    const message = `this Node brings SQLite ${version}; the spool needs ${OLDEST_SQLITE.join('.')} or newer`;
    throw new SpoolFileError({ reason: 'sqlite-too-old', code: version, message });
  }
}

function refuseForeignFile(db: DatabaseSync): void {
  const id = pragma(db, 'application_id');
  const tables = Number(db.prepare('select count(*) as n from sqlite_schema').get()?.['n']);
  if (id === APPLICATION_ID ? tables === 0 : id !== 0 || tables > 0) {
    throw new SpoolFileError({ reason: 'not-a-spool', code: id, message: 'the file is a database, but not a spool' });
  }
  const version = pragma(db, 'user_version');
  if (id === APPLICATION_ID && version > VERSION) {
    const message = `the file was written by a newer program (format ${version}, known ${VERSION})`;
    throw new SpoolFileError({ reason: 'too-new', code: version, message });
  }
}

const pragma = (db: DatabaseSync, name: 'application_id' | 'user_version'): number =>
  Number(db.prepare(`pragma ${name}`).get()?.[name]);
