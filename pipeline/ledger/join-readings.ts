import type { Bracket, GaugeSlot } from '#domain';
import type { RowMark } from '../books/dirty.ts';
import type { AdmittedReading } from './batch.ts';
import { foldGauge, foldReading, rowKey, type RowKey, rowKeyAt } from './hot.ts';
import { loadRows, type RowStore } from './rows.ts';
import type { RowSource } from './store.ts';

/** Packed rows in memory, of counters and of gauges. */
export interface Stores {
  readonly brackets: RowStore<Bracket>;
  readonly gauges: RowStore<GaugeSlot>;
}

/** What is to be computed again once the rows are written: registers whose brackets changed, from the earliest instant of their row. */
export function marksOf({ brackets }: Stores): readonly RowMark[] {
  const marks: RowMark[] = [];
  for (const { deviceKey, part, changed, changedFrom } of brackets.touched)
    if (changed !== 0) marks.push({ deviceKey, part, registers: changed, from: changedFrom });
  return marks;
}

/** Reads the rows that the readings belong to, and joins them. */
export async function joinReadings(
  source: RowSource,
  stores: Stores,
  readings: readonly AdmittedReading[],
): Promise<void> {
  await loadRows(source, stores.brackets, keysOf(readings, 'counter'));
  await loadRows(source, stores.gauges, keysOf(readings, 'gauge'));
  for (const reading of readings) join(stores, reading);
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

function join(stores: Stores, { device, register, at, value, rank }: AdmittedReading): void {
  const key = rowKey(rowKeyAt(device, register, at));
  if (register.kind === 'gauge') {
    const row = stores.gauges.rows.get(key);
    if (row) foldGauge(row, register, device.slotMs, at, value);
    return;
  }
  const row = stores.brackets.rows.get(key);
  if (row) foldReading(row, register, device.slotMs, at, value, rank);
}
