import type { Bracket, GaugeSlot } from '#domain';
import { decodeBrackets, decodeGauges, encodeBrackets, encodeGauges } from '../books/codec.ts';
import { absorbBrackets, absorbGauges, type HotRow, type HotTable, type RowKey, rowKey } from './hot.ts';
import type { PackedRow, RowSource } from './store.ts';

/** Packed rows between memory and the books. */
interface Codec<T> {
  readonly encode: (day: number, registers: ReadonlyMap<number, readonly T[]>) => Uint8Array;
  readonly decode: (day: number, bytes: Uint8Array) => ReadonlyMap<number, readonly T[]>;
}

export interface RowStore<T extends { readonly start: number }> {
  readonly table: HotTable;
  readonly rows: Map<string, HotRow<T>>;
  readonly codec: Codec<T>;
  readonly absorb: (row: HotRow<T>, stored: ReadonlyMap<number, readonly T[]>) => void;
}

export const bracketStore = (): RowStore<Bracket> => ({
  table: 'bracket',
  rows: new Map(),
  codec: { encode: encodeBrackets, decode: decodeBrackets },
  absorb: absorbBrackets,
});

export const gaugeStore = (): RowStore<GaugeSlot> => ({
  table: 'gauge',
  rows: new Map(),
  codec: { encode: encodeGauges, decode: decodeGauges },
  absorb: absorbGauges,
});

/** Brings rows into memory, empty where the books have none. Rows already there stay. */
export async function loadRows<T extends { readonly start: number }>(
  source: RowSource,
  store: RowStore<T>,
  keys: Iterable<RowKey>,
): Promise<void> {
  const missing = [...keys].filter((key) => !store.rows.has(rowKey(key)));
  if (missing.length === 0) return;
  const stored = new Map((await source.readRows(store.table, missing)).map((row) => [rowKey(row), row]));
  for (const key of missing) {
    const row: HotRow<T> = { ...key, version: 0, dirty: false, registers: new Map() };
    const found = stored.get(rowKey(key));
    if (found) takeIn(store, row, found);
    store.rows.set(rowKey(key), row);
  }
}

function takeIn<T extends { readonly start: number }>(store: RowStore<T>, row: HotRow<T>, found: PackedRow): void {
  row.version = found.version;
  store.absorb(row, store.codec.decode(found.day, found.payload));
}

/** The rows that are to be written, packed. */
export const dirtyRows = <T extends { readonly start: number }>(store: RowStore<T>): readonly PackedRow[] =>
  [...store.rows.values()]
    .filter((row) => row.dirty)
    .map(({ deviceKey, day, part, version, registers }) => ({
      deviceKey,
      day,
      part,
      version,
      payload: store.codec.encode(day, registers),
    }));

/** Joins what the books hold now into rows that lost a race; they stay dirty. */
export async function reread<T extends { readonly start: number }>(
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
    if (stored) takeIn(store, row, stored);
  }
}

/** After a commit: what was written has one version more and is clean. */
export function markWritten<T extends { readonly start: number }>(store: RowStore<T>): void {
  for (const row of store.rows.values()) {
    if (!row.dirty) continue;
    row.dirty = false;
    row.version += 1;
  }
}

/** Forgets clean rows of older days, so that memory holds at most `limit` rows or what is dirty. */
export function evict<T extends { readonly start: number }>(store: RowStore<T>, limit: number): void {
  if (store.rows.size <= limit) return;
  const clean = [...store.rows.entries()].filter(([, row]) => !row.dirty).sort(([, a], [, b]) => a.day - b.day);
  for (const [key] of clean.slice(0, store.rows.size - limit)) store.rows.delete(key);
}
