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
  /** So many readings more are joined into its lists before it is tried to open it; 0: it may be opened. */
  asLists: number;
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
  asLists: 0,
  gone: false,
});

/** The row's entries by ordinal, to be changed in place: the row is held as lists from now on. */
export function listsOf<T extends Item>(row: HotRow<T>): Map<number, T[]> {
  if (row.lists) return row.lists;
  const lists = row.open ? unpackOpen(row.open) : decodeDay(row.codec, row.day, row.packed ?? EMPTY);
  row.packed = undefined;
  row.open = undefined;
  row.lists = lists;
  row.asLists = REOPEN_AFTER;
  return lists;
}

/** Some frames after one that came late the row is opened again, at about the price of having joined so many readings into its lists. */
const REOPEN_AFTER = 100;
/** Opening it did not work out: not before it was written. */
const UNTIL_WRITTEN = 2 ** 30 - 1;

const EMPTY = new Uint8Array(0);

/** The row open for one reading more, where it can be; `ordinals` are all that it may hold. */
export function openOf<T extends Item>(row: HotRow<T>, ordinals: readonly number[]): OpenDay<T> | undefined {
  if (row.open) return row.open;
  if (row.asLists > 0) {
    row.asLists -= 1;
    return undefined;
  }
  row.open =
    row.lists?.size === 0
      ? openDay(row.codec, row.day, ordinals)
      : reopenDay(row.codec, row.day, ordinals, packRow(row));
  if (row.open) {
    row.packed = undefined;
    row.lists = undefined;
  } else {
    listsOf(row);
    row.asLists = UNTIL_WRITTEN;
  }
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

const entryAt = <T>(list: readonly T[], index: number): T | undefined => (index < 0 ? undefined : list[index]);

/** Puts an entry where `position` found one, or where it would stand. Answers whether that changed anything. */
function put<T extends Item>(list: T[], index: number, entry: T): boolean {
  if (index < 0) list.splice(-index - 1, 0, entry);
  else if (list[index] === entry) return false;
  else list[index] = entry;
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
  const list = listOf(row, register.ordinal);
  const index = position(list, start);
  const old = entryAt(list, index);
  const joined = old ? joinReading(old, at, value, rank) : bracketOf(start, at, value, rank);
  const changed = put(list, index, joined);
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
  const list = listOf(row, register.ordinal);
  const index = position(list, start);
  const old = entryAt(list, index);
  const joined = old ? joinGauge(old, at, value) : { start, min: value, max: value, lastAt: at, last: value };
  const changed = put(list, index, joined);
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
    for (const entry of entries) {
      const index = position(list, entry.start);
      const old = entryAt(list, index);
      put(list, index, old ? join(old, entry) : entry);
    }
  }
}
