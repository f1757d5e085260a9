import { DAY } from '#domain';
import { beginRow, endRow, openRow } from './codec-bytes.ts';
import {
  begin,
  decodeDay,
  type Group,
  type ItemCodec,
  type Progress,
  readHead,
  sameNumbers,
  writeGroup,
} from './codec-day.ts';
import { slabsOf } from './slab.ts';

/**
 * A packed row that is being written in time order: the groups of slots that are over as the bytes that they will have, the
 * running slot as numbers. What it packs to is, byte for byte, what `encodeDay` makes of the same items. A cell that is not
 * ordinary (see `OpenCodec.cellsOf`), or a reading of a slot that is over, does not fit: the row must be unpacked then.
 */
export interface OpenDay<T> {
  readonly codec: OpenCodec<T>;
  readonly day: number;
  /** Ordinals of the columns, ascending. */
  readonly ordinals: readonly number[];
  /** Groups of slots that are over, from the version byte on; the rest is room. */
  closed: Uint8Array;
  length: number;
  /** After the closed groups. */
  readonly progress: Progress;
  /** Start of the running slot, ms into the day; −1: none. */
  start: number;
  /** CELLS numbers a column: last value before the running slot, then first time into the day (NaN: not read yet) and what the codec keeps. */
  readonly cells: Float64Array;
}

export const CELLS = 5;
/** Within a column: the value before, and the time that says whether the slot has any. */
const BEFORE = 0;
export const TIME = 1;
/** While a row is opened: the value before that. */
const EARLIER = 2;

/** How the items of a kind of rows stand in cells. */
export interface OpenCodec<T> extends ItemCodec<T & { readonly start: number }> {
  /** The item that the cells from `at` on mean; `start` in epoch ms. */
  readonly itemOf: (cells: Float64Array, at: number, start: number, day: number) => T;
  /** Sets the cells from `at` on; false where the item is not ordinary. */
  readonly cellsOf: (item: T, cells: Float64Array, at: number, day: number) => boolean;
}

const roomFor = slabsOf(Uint8Array);
const cellsFor = slabsOf(Float64Array);

/** A slot of ten registers takes some 50 bytes. */
const [FIRST_ROOM, MORE_ROOM] = [160, 160];

export function openDay<T>(
  codec: OpenCodec<T>,
  day: number,
  ordinals: readonly number[],
  closed = roomFor(FIRST_ROOM),
): OpenDay<T> {
  closed[0] = codec.version;
  const cells = cellsFor(ordinals.length * CELLS);
  for (let at = 0; at < cells.length; at += CELLS) clear(cells, at);
  return { codec, day, ordinals, closed, length: 1, progress: begin(), start: -1, cells };
}

/**
 * The same from a packed row; undefined where its registers are not among the columns, or its last slot holds what is not ordinary. Of the slots
 * before the last nothing is made but the values that the next ones are differences to. Throws PAYLOAD_CORRUPT.
 */
export function reopenDay<T extends { readonly start: number }>(
  codec: OpenCodec<T>,
  day: number,
  ordinals: readonly number[],
  bytes: Uint8Array,
): OpenDay<T> | undefined {
  const r = openRow(bytes, codec.version, day);
  if (r.at === r.end) return openDay(codec, day, ordinals);
  const open = openDay(codec, day, ordinals, NOTHING);
  const { cells } = open;
  const progress = begin();
  const before = begin();
  let columns: readonly number[] = [];
  while (r.at < r.end) {
    open.length = r.at;
    copyProgress(progress, before);
    const plain = readHead(r, progress);
    if (progress.set !== before.set) {
      if (sameNumbers(progress.set, ordinals)) progress.set = ordinals; // one list for all rows of such devices
      columns = progress.set.map((ordinal) => ordinals.indexOf(ordinal) * CELLS);
      if (columns.some((at) => at < 0)) return undefined;
    }
    for (const at of columns) {
      const last = cells[at + BEFORE] ?? 0;
      cells[at + EARLIER] = last;
      cells[at + BEFORE] = codec.pass(r, progress.start, last, progress.times, plain);
    }
  }
  for (let at = 0; at < cells.length; at += CELLS) if (!columns.includes(at)) clear(cells, at);
  open.closed = roomFor(open.length + MORE_ROOM);
  open.closed.set(bytes.subarray(0, open.length));
  open.start = progress.start;
  copyProgress(before, open.progress);
  r.at = open.length;
  const plain = readHead(r, before);
  for (const at of columns) {
    cells[at + BEFORE] = cells[at + EARLIER] ?? 0;
    const item = codec.read(r, day * DAY + before.start, cells[at + BEFORE] ?? 0, before.times, plain);
    if (!codec.cellsOf(item, cells, at, day)) return undefined;
  }
  return open;
}

const NOTHING = new Uint8Array(1);

function copyProgress(from: Progress, to: Progress): void {
  to.quarter = from.quarter;
  to.start = from.start;
  to.set = from.set;
  to.times.offset = from.times.offset;
  to.times.spread = from.times.spread;
}

const clear = (cells: Float64Array, at: number): void => void cells.fill(NaN, at + TIME, at + CELLS);

/** Writes the running slot to the closed ones; the row has no running slot then. */
export function closeSlot<T extends { readonly start: number }>(open: OpenDay<T>): void {
  const { codec, cells, progress, start } = open;
  const group = groupOf(open);
  open.start = -1;
  if (group.items.length === 0) return;
  const w = beginRow(codec.version);
  writeGroup(codec, w, start, group, progress);
  const added = w.at - 1;
  if (open.length + added > open.closed.length) {
    const larger = roomFor(open.length + added + MORE_ROOM);
    larger.set(open.closed.subarray(0, open.length));
    open.closed = larger;
  }
  open.closed.set(w.bytes.subarray(1, w.at), open.length);
  open.length += added;
  for (const [i, item] of group.items.entries()) {
    const at = columnOf(open, group.ordinals[i] ?? 0) * CELLS;
    cells[at + BEFORE] = codec.lastOf(item);
    clear(cells, at);
  }
}

/** The row as it will stand in the books. */
export function packOpen<T extends { readonly start: number }>(open: OpenDay<T>): Uint8Array {
  const { codec, day, closed, length, progress, start } = open;
  const w = beginRow(codec.version);
  while (w.bytes.length < length) w.bytes = new Uint8Array(w.bytes.length * 2);
  w.bytes.set(closed.subarray(0, length));
  w.at = length;
  const group = start < 0 ? undefined : groupOf(open);
  if (group && group.items.length > 0)
    writeGroup(codec, w, start, group, { ...progress, times: { ...progress.times } });
  return endRow(w, day);
}

export const unpackOpen = <T extends { readonly start: number }>(open: OpenDay<T>): Map<number, T[]> =>
  decodeDay(open.codec, open.day, packOpen(open));

const columnOf = <T>({ ordinals }: OpenDay<T>, ordinal: number): number => ordinals.indexOf(ordinal);

function groupOf<T extends { readonly start: number }>({ codec, day, ordinals, cells, start }: OpenDay<T>): Group<T> {
  const group: Group<T> = { ordinals: [], items: [], previous: [] };
  for (let column = 0; column < ordinals.length; column++) {
    const at = column * CELLS;
    if (Number.isNaN(cells[at + TIME])) continue;
    group.ordinals.push(ordinals[column] ?? 0);
    group.items.push(codec.itemOf(cells, at, day * DAY + start, day));
    group.previous.push(cells[at + BEFORE] ?? 0);
  }
  return group;
}
