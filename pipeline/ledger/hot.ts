import { type Bracket, bracketStart, DAY, type GaugeSlot, type Rank, slotStart } from '#domain';
import { partOf } from '../books/packed.ts';
import type { DirectoryDevice, DirectoryRegister } from './directory.ts';
import { bracketOf, joinBrackets, joinGauge, joinGauges, joinReading } from './join.ts';

/** A packed row in memory: a cache of the books, written only by who has read it (architecture.md, Books). */
export interface HotRow<T extends { readonly start: number }> {
  readonly deviceKey: number;
  readonly day: number;
  readonly part: number;
  /** 0: believed to be new. */
  version: number;
  dirty: boolean;
  readonly registers: Map<number, T[]>;
}

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
function upsert<T extends { readonly start: number }>(
  list: T[],
  start: number,
  fresh: () => T,
  join: (old: T) => T,
): boolean {
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

const listOf = <T extends { readonly start: number }>(row: HotRow<T>, ordinal: number): T[] => {
  let list = row.registers.get(ordinal);
  if (!list) row.registers.set(ordinal, (list = []));
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
  row.dirty ||= changed;
  return changed;
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
  row.dirty ||= changed;
  return changed;
}

/** Joins what the books hold into a row of which memory knew less: joins are idempotent, so nothing counts twice. */
export function absorb<T extends { readonly start: number }>(
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

export const absorbBrackets = (row: HotRow<Bracket>, stored: ReadonlyMap<number, readonly Bracket[]>): void =>
  absorb(row, stored, joinBrackets);
export const absorbGauges = (row: HotRow<GaugeSlot>, stored: ReadonlyMap<number, readonly GaugeSlot[]>): void =>
  absorb(row, stored, joinGauges);
