import type { Bracket, GaugeSlot } from '#domain';
import type { DirtyMark } from '../books/dirty.ts';
import { partOf, REGISTERS_PER_PART } from '../books/packed.ts';
import type { AdmittedReading } from './batch.ts';
import type { Directory } from './directory.ts';
import { foldGauge, foldReading, rowKey, type RowKey, rowKeyAt } from './hot.ts';
import { loadRows, type RowStore } from './rows.ts';
import type { RowSource } from './store.ts';

/** Packed rows in memory, of counters and of gauges. */
export interface Stores {
  readonly brackets: RowStore<Bracket>;
  readonly gauges: RowStore<GaugeSlot>;
}

/** What is to be computed again after the rows are written: registers whose brackets changed, from the earliest instant of their row. */
export const marksOf = ({ brackets }: Stores, { byKey }: Directory): readonly DirtyMark[] =>
  [...brackets.rows.values()].flatMap((row) => {
    const device = row.changed === 0 ? undefined : byKey.get(row.deviceKey);
    const changed = [...(device?.registers.values() ?? [])].filter(
      ({ ordinal }) => partOf(ordinal) === row.part && (row.changed & (1 << (ordinal % REGISTERS_PER_PART))) !== 0,
    );
    return changed.map(({ name }) => ({
      site: device?.site ?? '',
      device: device?.id ?? '',
      register: name,
      from: row.changedFrom,
      rejoin: false,
    }));
  });

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
