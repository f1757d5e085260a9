import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openHighest } from './highest.ts';
import {
  type Acknowledgement,
  type AppendGroup,
  type FrameBlock,
  SpoolFileError,
  type SpoolState,
} from './protocol.ts';

const BLOCK_BYTES = 2 * 1024 * 1024;
/** SQLite's primary result code for a file or disk that is full. */
const FULL = 13;

export interface SpoolFileHandle {
  readonly state: () => SpoolState;
  /** One transaction, one fsync, for all groups. */
  readonly append: (groups: readonly AppendGroup[]) => void;
  /** From `from` on, or from the first that is kept, up to the first that is not there. */
  readonly read: (from: number, limit: number, devices: boolean) => FrameBlock;
  readonly acknowledge: (acknowledgement: Acknowledgement) => void;
  /** Removes at most `limit` frames from the front that are below `below` and older than `before`. */
  readonly trim: (below: number, before: number, limit: number) => number;
  /** Numbers below are not given any more: whoever read the file has seen them. Those that it lacks are a gap. */
  readonly skip: (below: number) => void;
  readonly close: () => void;
}

/** See FileOptions. */
interface OperateOptions {
  readonly file: string;
  readonly reserveBytes: number;
}

/** The statements over an open file. */
export function operateSpool(db: DatabaseSync, { file, reserveBytes }: OperateOptions): SpoolFileHandle {
  const head = db.prepare('select src, next, acknowledged from spool').get();
  const src = String(head?.['src']);
  let next = Number(head?.['next']);
  let acknowledged = Number(head?.['acknowledged']);
  const rangesIn = (table: 'sent' | 'gap'): SpoolState['sent'] =>
    db
      .prepare(`select from_seq as a, to_seq as b from ${table} order by 1`)
      .all()
      .map((row) => [Number(row['a']), Number(row['b'])] as const);
  let sent = rangesIn('sent');
  let gaps = rangesIn('gap');
  const first = db.prepare('select seq from frame order by seq limit 1');
  const lowest = (): number => Number(first.get()?.['seq'] ?? next);
  let low = lowest();

  const setNext = db.prepare('update spool set next = ?');
  const setAcknowledged = db.prepare('update spool set acknowledged = ?');
  const clearSent = db.prepare('delete from sent');
  const insertSent = db.prepare('insert into sent values (?, ?)');
  const insertGap = db.prepare('insert into gap values (?, ?)');
  const insertText = db.prepare('insert into frame values (?, ?, ?, cast(? as blob))');
  const insertBytes = db.prepare('insert into frame values (?, ?, ?, ?)');
  const stamp = db.prepare('select appended_at from frame where seq = ?');
  const select = db.prepare('select appended_at, value, device, seq from frame where seq >= ? order by seq limit ?');
  select.setReturnArrays(true);
  const keep = db.prepare('select seq from frame where seq < ? and appended_at >= ? order by seq limit 1');
  const remove = db.prepare('delete from frame where seq < ?');
  const forget = db.prepare('delete from frame where seq >= ? and seq < ?');

  /** Never throws, for the same reason as `sizeOf`. */
  const stampOf = (seq: number): number | undefined => {
    try {
      const at = stamp.get(seq)?.['appended_at'];
      return at === undefined ? undefined : Number(at);
    } catch {
      return undefined;
    }
  };

  const highest = openHighest(file);
  let lost = 0;

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

  /** What leaves the file must be able to leave it on a full disk: the write-ahead log gives back its space first. */
  const transactionThatFrees = (work: () => void): void => {
    try {
      transaction(work);
    } catch (error) {
      if (!isFull(error)) throw error;
      db.exec('pragma wal_checkpoint(truncate)');
      transaction(work);
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

  /** Numbers that were given to frames which the file no longer has are not given again: they are a gap, and told. */
  const skip = (to: number): void => {
    if (to <= next) return;
    const gap = [next, to] as const;
    const skipped = acknowledged === next ? { acknowledged: to, sent } : { acknowledged, sent: [...sent, gap] };
    transaction(() => {
      setAcknowledged.run(skipped.acknowledged);
      for (const range of skipped.sent.slice(sent.length)) insertSent.run(...range);
      insertGap.run(...gap);
      setNext.run(to);
    });
    ({ acknowledged, sent } = skipped);
    gaps = [...gaps, gap];
    lost += to - next;
    next = to;
    highest.write(src, next);
  };
  skip(highest.read(src));

  return {
    state: () => ({
      src,
      low,
      next,
      acknowledged,
      sent,
      gaps,
      lost,
      oldestAt: acknowledged < next ? stampOf(acknowledged) : undefined,
      bytes: sizeOf(file) + sizeOf(`${file}-wal`),
    }),
    append: (groups) => {
      keepReserve(db, file, reserveBytes);
      let to = next;
      transaction(() => {
        for (const group of groups) to = insertGroup(group, to);
        setNext.run(to);
      });
      next = to;
      highest.write(src, next);
    },
    read: (asked, limit, devices) => {
      const from = Math.max(asked, low);
      const rows: Row[] = [];
      let size = 0;
      // Statement.iterate answers arrays after setReturnArrays; the typings know objects only.
      for (const row of select.iterate(from, limit) as unknown as Iterable<Row>) {
        if (row[3] !== from + rows.length) break;
        rows.push(row);
        size += row[1].length;
        if (size >= BLOCK_BYTES) break;
      }
      return pack(from, rows, size, devices);
    },
    acknowledge: (to) => {
      transactionThatFrees(() => {
        setAcknowledged.run(to.acknowledged);
        clearSent.run();
        for (const range of to.sent) insertSent.run(...range);
        if (to.forget) forget.run(...to.forget);
      });
      ({ acknowledged, sent } = to);
      if (to.forget) low = lowest();
    },
    trim: (below, before, limit) => {
      const end = Math.min(below, acknowledged, low + limit);
      const to = Math.min(end, Number(keep.get(end, before)?.['seq'] ?? end));
      if (to <= low) return 0;
      transactionThatFrees(() => remove.run(to));
      const removed = to - low;
      low = to;
      return removed;
    },
    skip,
    close: () => {
      highest.close();
      db.close();
    },
  };
}

type Row = readonly [appendedAt: number, value: Uint8Array, device: string, seq: number];

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

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === FULL;

/**
 * Leaves room for emptying the file: a reserve, never more than a twentieth of the disk, and as much as the write-ahead log
 * needs to be taken into the file. Where that would not be left, it is taken in first.
 */
function keepReserve(db: DatabaseSync, file: string, reserveBytes: number): void {
  const { bavail, blocks, bsize } = statfsSync(dirname(file));
  const reserve = Math.min(reserveBytes, (blocks * bsize) / 20);
  if (bavail * bsize >= reserve + sizeOf(`${file}-wal`)) return;
  db.exec('pragma wal_checkpoint(truncate)');
  // what was emptied is free inside the file, which does not shrink
  if (freeBytes(file) + freePages(db) >= reserve) return;
  const message = `the disk has less free than the ${Math.round(reserve)} bytes that are kept for emptying the spool`;
  throw new SpoolFileError({ reason: 'sqlite', code: FULL, message });
}

const freePages = (db: DatabaseSync): number =>
  Number(db.prepare('pragma freelist_count').get()?.['freelist_count']) *
  Number(db.prepare('pragma page_size').get()?.['page_size']);

function freeBytes(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize;
}

/** Never throws: a commit that stands must not be reported as one that failed, and be tried again. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
