import { type Bracket, type GaugeSlot, registerKey } from '#domain';
import type { DirtyMark } from '../books/dirty.ts';
import type { AdmittedReading } from './batch.ts';
import { foldGauge, foldReading, rowKey, type RowKey, rowKeyAt } from './hot.ts';
import { loadRows, type RowStore } from './rows.ts';
import type { RowSource } from './store.ts';

/** Packed rows in memory, of counters and of gauges. */
export interface Stores {
  readonly brackets: RowStore<Bracket>;
  readonly gauges: RowStore<GaugeSlot>;
}

/** Earliest instant at which a register's brackets changed, by site, device and register. */
export type DirtyMarks = Map<
  string,
  { readonly site: string; readonly device: string; readonly register: string; from: number }
>;

export const marksOf = (dirty: DirtyMarks): readonly DirtyMark[] =>
  [...dirty.values()].map((mark) => ({ ...mark, rejoin: false }));

/** Reads the rows that the readings belong to, joins them, and marks the registers whose brackets changed. */
export async function joinReadings(
  source: RowSource,
  stores: Stores,
  readings: readonly AdmittedReading[],
  dirty: DirtyMarks,
): Promise<void> {
  await loadRows(source, stores.brackets, keysOf(readings, 'counter'));
  await loadRows(source, stores.gauges, keysOf(readings, 'gauge'));
  for (const reading of readings) join(stores, reading, dirty);
}

function keysOf(readings: readonly AdmittedReading[], kind: 'counter' | 'gauge'): Iterable<RowKey> {
  const keys = new Map<string, RowKey>();
  for (const { device, register, at } of readings) {
    if (register.kind !== kind) continue;
    const key = rowKeyAt(device, register, at);
    const text = rowKey(key);
    if (!keys.has(text)) keys.set(text, key);
  }
  return keys.values();
}

function join(stores: Stores, { device, register, at, value, rank }: AdmittedReading, dirty: DirtyMarks): void {
  const key = rowKey(rowKeyAt(device, register, at));
  if (register.kind === 'gauge') {
    const row = stores.gauges.rows.get(key);
    if (row) foldGauge(row, register, device.slotMs, at, value);
    return;
  }
  const row = stores.brackets.rows.get(key);
  if (!row || !foldReading(row, register, device.slotMs, at, value, rank)) return;
  const name = `${device.site}/${registerKey(device.id, register.name)}`;
  const mark = dirty.get(name);
  if (mark) mark.from = Math.min(mark.from, at);
  else dirty.set(name, { site: device.site, device: device.id, register: register.name, from: at });
}
