import { type Bracket, bracketStart, DAY, type GaugeSlot, type Rank, slotStart } from '#domain';
import { decodeDay, encodeDay } from '../books/codec-day.ts';
import { type OpenCodec, type OpenDay, openDay, packOpen, reopenDay, unpackOpen } from '../books/codec-open.ts';
import { partOf, REGISTERS_PER_PART } from '../books/packed.ts';
import type { DirectoryDevice, DirectoryRegister } from './directory.ts';
import { bracketOf, joinGauge, joinReading } from './join.ts';

interface Item {
  readonly start: number;
}

/**
 * A packed row in memory: a cache of the books, written only by who has read it (architecture.md, Books). It is held in one
 * of three forms: packed as the books gave it, open (written in time order: codec-open.ts), or as lists by ordinal.
 */
export interface HotRow<T extends Item> {
  readonly deviceKey: number;
  readonly day: number;
  readonly part: number;
  readonly codec: OpenCodec<T>;
  /** 0: believed to be new. */
  version: number;
  /** Set by `touch` alone. */
  dirty: boolean;
  /** Where it is noted when it becomes dirty: the rows that the next commit writes. */
  readonly touched: HotRow<T>[];
  /** Registers changed since the last commit, bit 0 the part's first ordinal, and the earliest instant of a change. */
  changed: number;
  changedFrom: number;
  packed: Uint8Array | undefined;
  open: OpenDay<T> | undefined;
  lists: Map<number, T[]> | undefined;
  /** Opening it did not work out, or it was unpacked: not to be tried again before the next commit. */
  settledAsLists: boolean;
  /** No longer in the store: whoever holds it must look again. */
  gone: boolean;
}

export const newRow = <T extends Item>(
  { deviceKey, day, part }: RowKey,
  codec: OpenCodec<T>,
  touched: HotRow<T>[] = [],
): HotRow<T> => ({
  deviceKey,
  day,
  part,
  codec,
  version: 0,
  dirty: false,
  touched,
  changed: 0,
  changedFrom: Infinity,
  packed: undefined,
  open: undefined,
  lists: new Map(),
  settledAsLists: false,
  gone: false,
});

/** The row's entries by ordinal, to be changed in place: the row is held as lists from now on. */
export function listsOf<T extends Item>(row: HotRow<T>): Map<number, T[]> {
  if (row.lists) return row.lists;
  const lists = row.open ? unpackOpen(row.open) : decodeDay(row.codec, row.day, row.packed ?? EMPTY);
  row.packed = undefined;
  row.open = undefined;
  row.lists = lists;
  row.settledAsLists = true;
  return lists;
}

const EMPTY = new Uint8Array(0);

/** The row open, where it can be; `ordinals` are all that it may hold. */
export function openOf<T extends Item>(row: HotRow<T>, ordinals: readonly number[]): OpenDay<T> | undefined {
  if (row.open || row.settledAsLists) return row.open;
  row.open =
    row.lists?.size === 0
      ? openDay(row.codec, row.day, ordinals)
      : reopenDay(row.codec, row.day, ordinals, packRow(row));
  row.settledAsLists = row.open === undefined;
  if (row.open) {
    row.packed = undefined;
    row.lists = undefined;
  } else listsOf(row);
  return row.open;
}

export const packRow = <T extends Item>(row: HotRow<T>): Uint8Array =>
  row.open ? packOpen(row.open) : (row.packed ?? encodeDay(row.codec, row.day, row.lists ?? new Map()));

export type HotTable = 'bracket' | 'gauge';

export interface RowKey {
  readonly deviceKey: number;
  readonly day: number;
  readonly part: number;
}

export const rowKey = ({ deviceKey, day, part }: RowKey): string => `${deviceKey}:${day}:${part}`;

export const rowKeyAt = (device: DirectoryDevice, register: DirectoryRegister, at: number): RowKey => ({
  deviceKey: device.key,
  // a bracket belongs to the day of its slot: slots are no longer than a day and aligned, so that is the day of the reading
  day: Math.floor(at / DAY),
  part: partOf(register.ordinal),
});

/** Where an entry with this start stands, or would stand (as −index − 1), in a list ordered by start; looks at the end first. */
function position(list: readonly { readonly start: number }[], start: number): number {
  const tail = list.at(-1);
  if (!tail || tail.start < start) return -list.length - 1;
  if (tail.start === start) return list.length - 1;
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.start ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return list[low]?.start === start ? low : -low - 1;
}

/** Replaces or inserts by what `join` makes of the entry that stands there. Answers whether anything changed. */
function upsert<T extends Item>(list: T[], start: number, fresh: () => T, join: (old: T) => T): boolean {
  const index = position(list, start);
  const old = index >= 0 ? list[index] : undefined;
  if (!old) {
    list.splice(-index - 1, 0, fresh());
    return true;
  }
  const joined = join(old);
  if (joined === old) return false;
  list[index] = joined;
  return true;
}

const listOf = <T extends Item>(row: HotRow<T>, ordinal: number): T[] => {
  const lists = listsOf(row);
  let list = lists.get(ordinal);
  if (!list) lists.set(ordinal, (list = []));
  return list;
};

export function foldReading(
  row: HotRow<Bracket>,
  register: DirectoryRegister,
  slotMs: number,
  at: number,
  value: number,
  rank: Rank,
): boolean {
  const start = bracketStart(at, slotMs, register.cuts);
  const changed = upsert(
    listOf(row, register.ordinal),
    start,
    () => bracketOf(start, at, value, rank),
    (old) => joinReading(old, at, value, rank),
  );
  if (changed) noteChange(row, register.ordinal, at);
  return changed;
}

/** The row is to be written. */
export function touch<T extends Item>(row: HotRow<T>): void {
  if (row.dirty) return;
  row.dirty = true;
  row.touched.push(row);
}

/** Of a register's brackets, from an instant on. */
export function noteChange(row: HotRow<Bracket>, ordinal: number, at: number): void {
  touch(row);
  row.changed |= 1 << (ordinal % REGISTERS_PER_PART);
  row.changedFrom = Math.min(row.changedFrom, at);
}

export function foldGauge(
  row: HotRow<GaugeSlot>,
  register: DirectoryRegister,
  slotMs: number,
  at: number,
  value: number,
): boolean {
  const start = slotStart(at, slotMs);
  const fresh = (): GaugeSlot => ({ start, min: value, max: value, lastAt: at, last: value });
  const changed = upsert(listOf(row, register.ordinal), start, fresh, (old) => joinGauge(old, at, value));
  if (changed) touch(row);
  return changed;
}

/** Joins what the books hold into a row of which memory knew less: joins are idempotent, so nothing counts twice. */
export function absorb<T extends Item>(
  row: HotRow<T>,
  stored: ReadonlyMap<number, readonly T[]>,
  join: (a: T, b: T) => T,
): void {
  for (const [ordinal, entries] of stored) {
    const list = listOf(row, ordinal);
    for (const entry of entries)
      upsert(
        list,
        entry.start,
        () => entry,
        (old) => join(old, entry),
      );
  }
}
