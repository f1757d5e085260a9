import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { AppendGroup, FrameBlock, SpoolFailure, SpoolState } from './protocol.ts';

/** Written into the file's header, so that no other database is ever taken for a spool ("CMSP"). */
const APPLICATION_ID = 0x434d5350;
const VERSION = 1;
/** Older ones can corrupt a file in WAL mode when the log is reset (release notes of SQLite 3.51.3). */
const OLDEST_SQLITE = [3, 51, 3] as const;
const PAGE_BYTES = 8192;
const BLOCK_BYTES = 2 * 1024 * 1024;

const SCHEMA = `
  create table spool (src text not null, created_at integer not null, next integer not null, acknowledged integer not null) strict;
  create table frame (seq integer primary key, appended_at integer not null, device text not null, value blob not null) strict;
`;

export interface FileOptions {
  readonly file: string;
  /** Epoch ms, kept as the file's date of birth. */
  readonly now: number;
  /** Largest size of the file; the disk's where absent. */
  readonly maxBytes?: number | undefined;
  /** How long to wait for another process to let the file go. */
  readonly lockTimeoutMs: number;
}

export interface SpoolFileHandle {
  readonly state: () => SpoolState;
  /** One transaction, one fsync, for all groups. */
  readonly append: (groups: readonly AppendGroup[]) => void;
  /** From `from` on, or from the first that is kept. */
  readonly read: (from: number, limit: number, devices: boolean) => FrameBlock;
  readonly acknowledge: (next: number) => void;
  /** Removes at most `limit` frames from the front that are below `below` and older than `before`. */
  readonly trim: (below: number, before: number, limit: number) => number;
  readonly close: () => void;
}

export class SpoolFileError extends Error {
  readonly failure: SpoolFailure;
  constructor(failure: SpoolFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Opens or creates the file, synchronously and alone: the lock is the operating system's, so that it dies with the process. */
export function openSpoolFile(options: FileOptions): SpoolFileHandle {
  const db = new DatabaseSync(options.file, { timeout: options.lockTimeoutMs });
  try {
    prepareFile(db, options);
    return operate(db, options.file);
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
    db.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${VERSION};`);
  }
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

function operate(db: DatabaseSync, file: string): SpoolFileHandle {
  const head = db.prepare('select src, next, acknowledged from spool').get();
  const src = String(head?.['src']);
  let next = Number(head?.['next']);
  let acknowledged = Number(head?.['acknowledged']);
  const first = db.prepare('select seq from frame order by seq limit 1');
  const lowest = (): number => Number(first.get()?.['seq'] ?? next);
  let low = lowest();

  const setNext = db.prepare('update spool set next = ?');
  const setAcknowledged = db.prepare('update spool set acknowledged = ?');
  const insertText = db.prepare('insert into frame values (?, ?, ?, cast(? as blob))');
  const insertBytes = db.prepare('insert into frame values (?, ?, ?, ?)');
  const stamp = db.prepare('select appended_at from frame where seq = ?');
  const select = db.prepare('select appended_at, value, device from frame where seq >= ? order by seq limit ?');
  select.setReturnArrays(true);
  const keep = db.prepare('select seq from frame where seq < ? and appended_at >= ? order by seq limit 1');
  const remove = db.prepare('delete from frame where seq < ?');

  const transaction = (work: () => void): void => {
    db.exec('begin immediate');
    try {
      work();
      db.exec('commit');
    } catch (error) {
      if (db.isTransaction) db.exec('rollback');
      throw error;
    }
  };

  const insertGroup = (group: AppendGroup, from: number): number => {
    if (group.kind === 'values') {
      const { bytes, ends } = group.block;
      ends.forEach((end, i) =>
        insertBytes.run(from + i, group.at, group.devices[i] ?? '', bytes.subarray(ends[i - 1] ?? 0, end)),
      );
      return from + ends.length;
    }
    const lines = group.lines.split('\n');
    for (let i = 0; i < group.count; i++) {
      const [site, device = '', rest] = [lines[3 * i], lines[3 * i + 1], lines[3 * i + 2]];
      const text = `{"v":1,"src":"${src}","site":"${site}","device":"${device}","seq":${from + i},${rest}`;
      insertText.run(from + i, group.at, device, text);
    }
    return from + group.count;
  };

  return {
    state: () => ({
      src,
      low,
      next,
      acknowledged,
      oldestAt: acknowledged < next ? Number(stamp.get(acknowledged)?.['appended_at']) : undefined,
      bytes: sizeOf(file) + sizeOf(`${file}-wal`),
    }),
    append: (groups) => {
      let to = next;
      transaction(() => {
        for (const group of groups) to = insertGroup(group, to);
        setNext.run(to);
      });
      next = to;
    },
    read: (asked, limit, devices) => {
      const from = Math.max(asked, low);
      const rows: Row[] = [];
      let size = 0;
      // Statement.iterate answers arrays after setReturnArrays; the typings know objects only.
      for (const row of select.iterate(from, limit) as unknown as Iterable<Row>) {
        rows.push(row);
        size += row[1].length;
        if (size >= BLOCK_BYTES) break;
      }
      return pack(from, rows, size, devices);
    },
    acknowledge: (to) => {
      const bounded = Math.min(to, next);
      if (bounded <= acknowledged) return;
      transaction(() => setAcknowledged.run(bounded));
      acknowledged = bounded;
    },
    trim: (below, before, limit) => {
      const end = Math.min(below, acknowledged, low + limit);
      const to = Math.min(end, Number(keep.get(end, before)?.['seq'] ?? end));
      if (to <= low) return 0;
      transaction(() => remove.run(to));
      const removed = to - low;
      low = to;
      return removed;
    },
    close: () => db.close(),
  };
}

type Row = readonly [appendedAt: number, value: Uint8Array, device: string];

function pack(from: number, rows: readonly Row[], size: number, devices: boolean): FrameBlock {
  const bytes = new Uint8Array(size);
  const ends = new Uint32Array(rows.length);
  const appendedAt = new Float64Array(rows.length);
  let end = 0;
  rows.forEach(([at, value], i) => {
    bytes.set(value, end);
    end += value.length;
    ends[i] = end;
    appendedAt[i] = at;
  });
  const block = { from, bytes, ends, appendedAt };
  return devices ? { ...block, devices: rows.map((row) => row[2]) } : block;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
