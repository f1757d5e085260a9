import { DAY, invariantError, MINUTE } from '#domain';
import {
  beginRow,
  endRow,
  getTime,
  getUnsigned,
  makeRoom,
  openRow,
  putTime,
  putUnsigned,
  type Reader,
  type Writer,
} from './codec-bytes.ts';

/**
 * Layout of a packed row, brackets and gauges alike: version byte, then one group per start in time order, then the
 * checksum. So a later slot changes only the tail.
 *
 *   group  = header, [ms into the quarter: CUT], [count, ordinals as differences: not SAME_SET], [offset, spread: not SAME_TIMES], items
 *   header = quarters since the group before × 16 + flags
 *
 * `offset` and `spread` are the times of the group's first item, which the others mostly share. In a PLAIN group all do, and
 * nothing else is unusual: an item is then two numbers. Items come in the order of their ordinals.
 */
export interface ItemCodec<T extends { readonly start: number }> {
  readonly version: number;
  /** From the item's start to its first time, ms. */
  readonly offsetOf: (item: T) => number;
  /** From its first time to its last, ms. */
  readonly spreadOf: (item: T) => number;
  readonly isPlain: (item: T) => boolean;
  /** The value to which the next item of the register is written as a difference. */
  readonly lastOf: (item: T) => number;
  readonly write: (w: Writer, item: T, previous: number, times: Times, plain: boolean) => void;
  readonly read: (r: Reader, start: number, previous: number, times: Times, plain: boolean) => T;
  /** Goes past an item; answers what `lastOf` says of it. */
  readonly pass: (r: Reader, start: number, previous: number, times: Times, plain: boolean) => number;
  /** Goes past an item. */
  readonly skip: (r: Reader, times: Times, plain: boolean) => void;
}

/** Of a group; mutable, one per row. */
export interface Times {
  offset: number;
  spread: number;
}

const QUARTER = 15 * MINUTE;
const [CUT, SAME_SET, SAME_TIMES, PLAIN, FLAGS] = [1, 2, 4, 8, 16];

/** A register on its way into a row. */
interface Column<T> {
  readonly ordinal: number;
  readonly items: readonly T[];
  next: number;
  previous: number;
}

/** What a group is written and read against: where the one before stood, and what it shared. */
export interface Progress {
  quarter: number;
  /** Ms into the day; −1: no group yet. */
  start: number;
  set: readonly number[];
  readonly times: Times;
}

export const begin = (): Progress => ({ quarter: 0, start: -1, set: [], times: { offset: 0, spread: 0 } });

/** Equal registers give equal bytes, whatever the order of the map; a register without items is left out. */
export function encodeDay<T extends { readonly start: number }>(
  codec: ItemCodec<T>,
  day: number,
  registers: ReadonlyMap<number, readonly T[]>,
): Uint8Array {
  const columns: Column<T>[] = [];
  for (const [ordinal, items] of registers) columns.push({ ordinal, items, next: 0, previous: 0 });
  columns.sort((a, b) => a.ordinal - b.ordinal);
  const progress = begin();
  const w = beginRow(codec.version);
  for (;;) {
    let start = Infinity;
    for (const c of columns) start = Math.min(start, c.items[c.next]?.start ?? Infinity);
    if (start === Infinity) return endRow(w, day);
    const group: Group<T> = { ordinals: [], items: [], previous: [] };
    for (const c of columns) {
      const item = c.items[c.next];
      if (item?.start !== start) continue;
      group.ordinals.push(c.ordinal);
      group.items.push(item);
      group.previous.push(c.previous);
      c.previous = codec.lastOf(item);
      c.next += 1;
    }
    writeGroup(codec, w, start - day * DAY, group, progress);
  }
}

/** The items of one start, by ordinal, each with the value that its register had before. */
export interface Group<T> {
  readonly ordinals: number[];
  readonly items: T[];
  readonly previous: number[];
}

/** `start`: ms into the day. Throws BRACKET_ILLEGAL. */
export function writeGroup<T extends { readonly start: number }>(
  codec: ItemCodec<T>,
  w: Writer,
  start: number,
  { ordinals, items, previous }: Group<T>,
  progress: Progress,
): void {
  if (!(start > progress.start && start < DAY)) throw illegal(`start ${start} ms into the day`);
  const { offset, spread, plain } = timesOf(codec, items);
  const { times } = progress;
  const sameSet = sameNumbers(ordinals, progress.set);
  const sameTimes = offset === times.offset && spread === times.spread;
  const into = start % QUARTER;
  const quarter = (start - into) / QUARTER;
  const flags = (into > 0 ? CUT : 0) + (sameSet ? SAME_SET : 0) + (sameTimes ? SAME_TIMES : 0) + (plain ? PLAIN : 0);
  makeRoom(w);
  putUnsigned(w, (quarter - progress.quarter) * FLAGS + flags);
  if (into > 0) putUnsigned(w, into);
  if (!sameSet) putSet(w, ordinals);
  if (!sameTimes) {
    putTime(w, (times.offset = offset));
    putTime(w, (times.spread = spread));
  }
  for (const [i, item] of items.entries()) {
    makeRoom(w);
    codec.write(w, item, previous[i] ?? 0, times, plain);
  }
  progress.quarter = quarter;
  progress.start = start;
  if (!sameSet) progress.set = ordinals;
}

function timesOf<T>(
  codec: ItemCodec<T & { readonly start: number }>,
  items: readonly (T & { readonly start: number })[],
): Times & { readonly plain: boolean } {
  let [offset, spread, plain] = [-1, -1, true];
  for (const item of items) {
    const itsOffset = codec.offsetOf(item);
    const itsSpread = codec.spreadOf(item);
    if (!(itsOffset >= 0 && itsSpread >= 0 && itsOffset + itsSpread <= DAY)) throw illegal('times outside its slot');
    if (offset < 0) {
      offset = itsOffset;
      spread = itsSpread;
    }
    plain &&= itsOffset === offset && itsSpread === spread && codec.isPlain(item);
  }
  return { offset, spread, plain };
}

/** The items of one register; the others are gone past. Throws PAYLOAD_CORRUPT. */
export function decodeOne<T extends { readonly start: number }>(
  codec: ItemCodec<T>,
  day: number,
  bytes: Uint8Array,
  ordinal: number,
): readonly T[] {
  return decodeDay(codec, day, bytes, new Set([ordinal])).get(ordinal) ?? [];
}

/** Registers that are not `wanted` come out empty. Throws PAYLOAD_CORRUPT. */
export function decodeDay<T extends { readonly start: number }>(
  codec: ItemCodec<T>,
  day: number,
  bytes: Uint8Array,
  wanted?: ReadonlySet<number>,
): Map<number, T[]> {
  const r = openRow(bytes, codec.version, day);
  const registers = new Map<number, T[]>();
  const progress = begin();
  const { times } = progress;
  let { set } = progress;
  let columns: { readonly items: T[]; readonly skipped: boolean; previous: number }[] = [];
  const known = new Map<number, (typeof columns)[number]>();
  while (r.at < r.end) {
    const plain = readHead(r, progress);
    if (progress.set !== set) {
      set = progress.set;
      columns = set.map((ordinal) => {
        const skipped = wanted !== undefined && !wanted.has(ordinal);
        const column = known.get(ordinal) ?? { items: [], skipped, previous: 0 };
        known.set(ordinal, column);
        registers.set(ordinal, column.items);
        return column;
      });
    }
    for (const column of columns) {
      if (column.skipped) {
        codec.skip(r, times, plain);
        continue;
      }
      const item = codec.read(r, day * DAY + progress.start, column.previous, times, plain);
      column.previous = codec.lastOf(item);
      column.items.push(item);
    }
  }
  return registers;
}

/** Goes on to the next group, up to its items, one for each ordinal of the set. Answers whether it is plain. */
export function readHead(r: Reader, progress: Progress): boolean {
  const header = getUnsigned(r);
  progress.quarter += Math.floor(header / FLAGS);
  progress.start = progress.quarter * QUARTER + ((header & CUT) === 0 ? 0 : getUnsigned(r));
  if ((header & SAME_SET) === 0) progress.set = getSet(r);
  if ((header & SAME_TIMES) === 0) {
    progress.times.offset = getTime(r);
    progress.times.spread = getTime(r);
  }
  return (header & PLAIN) !== 0;
}

function putSet(w: Writer, ordinals: readonly number[]): void {
  putUnsigned(w, ordinals.length);
  let before = -1;
  for (const ordinal of ordinals) {
    makeRoom(w);
    putUnsigned(w, ordinal - before - 1);
    before = ordinal;
  }
}

function getSet(r: Reader): readonly number[] {
  const count = getUnsigned(r);
  const ordinals: number[] = [];
  for (let before = -1; ordinals.length < count; ordinals.push(before)) before += 1 + getUnsigned(r);
  return ordinals;
}

export const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a === b || (a.length === b.length && a.every((value, i) => value === b[i]));

export const illegal = (what: string): Error =>
  invariantError('BRACKET_ILLEGAL', `a bracket cannot be packed: ${what}`, {
    cure: 'report it with the log of this run',
  });
