import type { Bracket, GaugeSlot } from '#domain';
import { BRACKETS, GAUGES } from '../books/codec.ts';
import { decodeDay } from '../books/codec-day.ts';
import type { OpenCodec } from '../books/codec-open.ts';
import type { PackedRow } from '../books/packed-rows.ts';
import { absorb, type HotRow, type HotTable, newRow, packRow, type RowKey, rowKey } from './hot.ts';
import { joinBrackets, joinGauges } from './join.ts';
import type { RowSource } from './store.ts';

type Item = { readonly start: number };

export interface RowStore<T extends Item> {
  readonly table: HotTable;
  readonly rows: Map<string, HotRow<T>>;
  /** Those that are dirty. */
  readonly touched: HotRow<T>[];
  readonly codec: OpenCodec<T>;
  readonly join: (a: T, b: T) => T;
}

export const bracketStore = (): RowStore<Bracket> => ({
  table: 'bracket',
  rows: new Map(),
  touched: [],
  codec: BRACKETS,
  join: joinBrackets,
});

export const gaugeStore = (): RowStore<GaugeSlot> => ({
  table: 'gauge',
  rows: new Map(),
  touched: [],
  codec: GAUGES,
  join: joinGauges,
});

/** Brings rows into memory, empty where the books have none. Rows already there stay. */
export async function loadRows<T extends Item>(
  source: RowSource,
  store: RowStore<T>,
  keys: Iterable<RowKey>,
): Promise<void> {
  const missing = [...keys].filter((key) => !store.rows.has(rowKey(key)));
  if (missing.length === 0) return;
  const stored = await source.readRows(store.table, missing);
  for (const key of missing) store.rows.set(rowKey(key), newRow(key, store.codec, store.touched));
  for (const found of stored) {
    const row = store.rows.get(rowKey(found));
    if (!row) continue;
    row.version = found.version;
    row.packed = found.payload;
    row.lists = undefined;
  }
}

/** The rows that are to be written, packed. */
export const dirtyRows = <T extends Item>(store: RowStore<T>): readonly PackedRow[] =>
  store.touched.map((row) => ({
    deviceKey: row.deviceKey,
    day: row.day,
    part: row.part,
    version: row.version,
    payload: packRow(row),
  }));

/** Joins what the books hold now into rows that lost a race; they stay dirty. */
export async function reread<T extends Item>(
  source: RowSource,
  store: RowStore<T>,
  keys: readonly RowKey[],
): Promise<void> {
  const found = new Map((await source.readRows(store.table, keys)).map((row) => [rowKey(row), row]));
  for (const key of keys) {
    const row = store.rows.get(rowKey(key));
    if (!row) continue;
    row.version = 0;
    const stored = found.get(rowKey(key));
    if (!stored) continue;
    row.version = stored.version;
    absorb(row, decodeDay(store.codec, stored.day, stored.payload), store.join);
  }
}

/** After a commit: what was written has one version more and is clean. */
export function markWritten<T extends Item>(store: RowStore<T>): void {
  for (const row of store.touched) {
    row.dirty = false;
    row.changed = 0;
    row.changedFrom = Infinity;
    row.asLists = 0;
    row.version += 1;
  }
  store.touched.length = 0;
}

/** Forgets clean rows of older days, so that memory holds at most `limit` rows or what is dirty. */
export function evict<T extends Item>(store: RowStore<T>, limit: number): void {
  if (store.rows.size <= limit) return;
  const clean = [...store.rows.entries()].filter(([, row]) => !row.dirty).sort(([, a], [, b]) => a.day - b.day);
  for (const [key, row] of clean.slice(0, store.rows.size - limit)) {
    row.gone = true;
    store.rows.delete(key);
  }
}
