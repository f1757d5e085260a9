import type { Kysely } from 'kysely';
import { type Bracket, DAY } from '#domain';
import { BRACKETS, decodeBrackets } from '../books/codec.ts';
import type { Tables } from '../books/tables.ts';
import { admitBatch } from '../ledger/batch.ts';
import type { Directory } from '../ledger/directory.ts';
import { foldReading, type HotRow, listsOf, newRow, rowKey, rowKeyAt } from '../ledger/hot.ts';
import { joinBrackets } from '../ledger/join.ts';
import type { FrameLog } from '../log/port.ts';
import type { Progress } from '../service.ts';
import { compare, type Layer, layerOf } from './reconcile.ts';

/** Days of devices that are joined side by side: some 60 MiB where a device has ten registers. */
const ROWS_AT_ONCE = 20_000;

/**
 * Joins the retained readings again and holds them against the brackets of the books: none of them may
 * change a bracket. (Brackets may know more than the log still does.) Nor may some of them alone: where the log has more days of devices than
 * can be held, those that were met first are compared and let go, and come again with a reading that is late.
 */
export async function logLayer(
  db: Kysely<Tables>,
  log: FrameLog,
  directory: Directory,
  progress?: Progress,
  rowsAtOnce = ROWS_AT_ONCE,
): Promise<Layer> {
  const layer = layerOf('brackets-log');
  const rows = new Map<string, HotRow<Bracket>>();
  const bounds = await log.bounds();
  const committed = await committedOffsets(db, await log.identity());
  const total = [...bounds.values()].reduce((sum, b) => sum + b.high - b.low, 0);
  let done = 0;
  const compareFirst = async (count: number): Promise<void> => {
    for (const [key, row] of [...rows].slice(0, count)) {
      await compareRow(db, layer, row, directory);
      rows.delete(key);
    }
  };
  for (const [partition, { low }] of bounds) {
    for await (const records of log.scan(partition, low)) {
      const booked = records.filter((record) => record.offset < (committed.get(partition) ?? 0));
      for (const { device, register, at, value, rank } of admitBatch(booked, directory).admitted) {
        if (register.kind !== 'counter') continue;
        const key = rowKeyAt(device, register, at);
        const row = rows.get(rowKey(key)) ?? newRow(key, BRACKETS);
        rows.set(rowKey(key), row);
        foldReading(row, register, device.slotMs, at, value, rank);
        if (rows.size > rowsAtOnce) await compareFirst(rows.size / 2);
      }
      done += records.length;
      progress?.(done, total, 'log');
    }
  }
  await compareFirst(rows.size);
  return layer;
}

/** What the log got since the books' last commit is not theirs yet. */
async function committedOffsets(db: Kysely<Tables>, log: string): Promise<ReadonlyMap<number, number>> {
  const rows = await db.selectFrom('log_offset').select(['partition', 'next_offset']).where('log', '=', log).execute();
  return new Map(rows.map((row) => [row.partition, row.next_offset]));
}

async function compareRow(db: Kysely<Tables>, layer: Layer, row: HotRow<Bracket>, directory: Directory): Promise<void> {
  const { deviceKey, day, part } = row;
  const stored = await db
    .selectFrom('bracket')
    .select('payload')
    .where('device_key', '=', deviceKey)
    .where('day', '=', day)
    .where('part', '=', part)
    .executeTakeFirst();
  const name = `${directory.byKey.get(deviceKey)?.id ?? deviceKey} ${new Date(day * DAY).toISOString().slice(0, 10)}`;
  const found = stored ? decodeBrackets(day, stored.payload) : new Map<number, Bracket[]>();
  for (const [ordinal, brackets] of listsOf(row)) {
    const known = new Map((found.get(ordinal) ?? []).map((b) => [b.start, b]));
    const differing = brackets.filter((b) => {
      const other = known.get(b.start);
      return !other || joinBrackets(other, b) !== other;
    });
    compare(layer, `${name} register ${ordinal}`, differing.length, 0);
  }
}
