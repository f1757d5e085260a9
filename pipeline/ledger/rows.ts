import { type Kysely, sql, type Transaction } from 'kysely';
import type { Bracket, GaugeSlot } from '#domain';
import { decodeBrackets, decodeGauges, encodeBrackets, encodeGauges } from '../books/codec.ts';
import type { Tables } from '../books/tables.ts';
import { absorbBrackets, absorbGauges, type HotRow, type HotTable, type RowKey, rowKey } from './hot.ts';

/** Packed rows between memory and the books. */
interface Codec<T> {
  readonly encode: (day: number, registers: ReadonlyMap<number, readonly T[]>) => Uint8Array;
  readonly decode: (day: number, bytes: Uint8Array) => ReadonlyMap<number, readonly T[]>;
}

interface StoredRow extends RowKey {
  readonly version: number;
  readonly payload: Buffer;
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
  db: Kysely<Tables>,
  store: RowStore<T>,
  keys: Iterable<RowKey>,
): Promise<void> {
  const missing = [...keys].filter((key) => !store.rows.has(rowKey(key)));
  if (missing.length === 0) return;
  const stored = new Map((await selectRows(db, store.table, missing)).map((row) => [rowKey(row), row]));
  for (const key of missing) {
    const row: HotRow<T> = { ...key, version: 0, dirty: false, registers: new Map() };
    const found = stored.get(rowKey(key));
    if (found) takeIn(store, row, found);
    store.rows.set(rowKey(key), row);
  }
}

function takeIn<T extends { readonly start: number }>(store: RowStore<T>, row: HotRow<T>, found: StoredRow): void {
  row.version = found.version;
  store.absorb(row, store.codec.decode(found.day, found.payload));
}

async function selectRows(db: Kysely<Tables>, table: HotTable, keys: readonly RowKey[]): Promise<readonly StoredRow[]> {
  const { rows } = await sql<StoredRow>`
    select t.device_key as "deviceKey", t.day, t.part, t.version, t.payload from ${sql.table(table)} t
    join unnest(${keys.map((k) => k.deviceKey)}::int4[], ${keys.map((k) => k.day)}::int4[], ${keys.map((k) => k.part)}::int2[])
      as k(device_key, day, part) using (device_key, day, part)`.execute(db);
  return rows;
}

/**
 * Writes the dirty rows: new ones inserted where nobody was faster, known ones by compare-and-set on the version. Answers the rows that did not match;
 * the caller rolls back, takes in what stands there (`reread`) and tries again.
 */
export async function writeRows<T extends { readonly start: number }>(
  tx: Transaction<Tables>,
  store: RowStore<T>,
): Promise<readonly RowKey[]> {
  const dirty = [...store.rows.values()].filter((row) => row.dirty);
  const [fresh, known] = [dirty.filter((row) => row.version === 0), dirty.filter((row) => row.version > 0)];
  const columns = (rows: readonly HotRow<T>[]) => sql`
    unnest(${rows.map((r) => r.deviceKey)}::int4[], ${rows.map((r) => r.day)}::int4[], ${rows.map((r) => r.part)}::int2[],
      ${rows.map((r) => r.version)}::int4[], ${rows.map((r) => Buffer.from(store.codec.encode(r.day, r.registers)))}::bytea[])
      as u(device_key, day, part, version, payload)`;
  const written = new Set<string>();
  const note = (rows: readonly RowKey[]): void => rows.forEach((row) => written.add(rowKey(row)));
  if (fresh.length > 0) {
    const { rows } = await sql<RowKey>`
      insert into ${sql.table(store.table)} (device_key, day, part, version, payload)
      select device_key, day, part, 1, payload from ${columns(fresh)}
      on conflict do nothing returning device_key as "deviceKey", day, part`.execute(tx);
    note(rows);
  }
  if (known.length > 0) {
    const { rows } = await sql<RowKey>`
      update ${sql.table(store.table)} t set payload = u.payload, version = t.version + 1 from ${columns(known)}
      where t.device_key = u.device_key and t.day = u.day and t.part = u.part and t.version = u.version
      returning t.device_key as "deviceKey", t.day, t.part`.execute(tx);
    note(rows);
  }
  return dirty.filter((row) => !written.has(rowKey(row)));
}

/** Joins what the books hold now into rows that lost a race; they stay dirty. */
export async function reread<T extends { readonly start: number }>(
  db: Kysely<Tables>,
  store: RowStore<T>,
  keys: readonly RowKey[],
): Promise<void> {
  const found = new Map((await selectRows(db, store.table, keys)).map((row) => [rowKey(row), row]));
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
