import { noteMarks, type RowMark } from '../books/dirty.ts';
import type { Books } from '../books/index.ts';
import { admit, parseFrame } from './admission.ts';
import { type Directory, isCurrent, loadDirectory } from './directory.ts';
import { rowKeyAt } from './hot.ts';
import { joinReadings, marksOf, type Stores } from './join-readings.ts';
import { bracketStore, dirtyRows, gaugeStore, reread } from './rows.ts';
import { sqlStore, unlessRaced, writeWhole } from './sql-store.ts';

export interface ReplayAnswer {
  readonly admitted: number;
  readonly refused: number;
}

interface Item {
  readonly id: number;
  readonly payload: Buffer;
  readonly ordinal: number;
  readonly appended_at: number;
}

const CHUNK = 2_000;

/** Admits again what waits in quarantine; what is still refused stays. The rows go to the books by compare-and-set, beside a running worker. */
export async function replayQuarantine(
  books: Books,
  now: number,
  query: { readonly site?: string | undefined; readonly reason?: string | undefined },
): Promise<ReplayAnswer> {
  let directory = await loadDirectory(books.db);
  let after = 0;
  let admitted = 0;
  let refused = 0;
  for (;;) {
    let select = books.db
      .selectFrom('quarantine')
      .select(['id', 'payload', 'ordinal', 'appended_at'])
      .where('state', '=', 'open')
      .where('id', '>', after)
      .orderBy('id')
      .limit(CHUNK);
    if (query.site !== undefined) select = select.where('site', '=', query.site);
    if (query.reason !== undefined) select = select.where('reason', '=', query.reason);
    const items = await select.execute();
    const last = items.at(-1);
    if (!last) return { admitted, refused };
    const taken = await takeChunk(books, directory, items, now);
    if (taken === undefined) {
      directory = await loadDirectory(books.db);
      continue;
    }
    after = last.id;
    admitted += taken;
    refused += items.length - taken;
  }
}

/** How many were admitted; undefined where the registry changed meanwhile, and nothing was written. */
async function takeChunk(
  books: Books,
  directory: Directory,
  items: readonly Item[],
  now: number,
): Promise<number | undefined> {
  const ready = items.flatMap((item) => {
    const parsed = parseFrame(item.payload);
    const entry = parsed.ok ? parsed.frame.r[item.ordinal] : undefined;
    if (!parsed.ok || !entry) return [];
    const { frame } = parsed;
    const result = admit(frame, entry, item.appended_at, directory);
    const device = directory.sites.get(frame.site)?.devices.get(frame.device);
    return result.ok && device ? [{ id: item.id, at: frame.at, device, ...result.reading }] : [];
  });
  if (ready.length === 0) return 0;
  const stores = { brackets: bracketStore(), gauges: gaugeStore() };
  await joinReadings(sqlStore(books), stores, ready);
  await books.ensurePartitions(ready.map((r) => rowKeyAt(r.device, r.register, r.at).day));
  const ids = ready.map((r) => r.id);
  return (await write(books, directory, stores, marksOf(stores), ids, now)) ? ready.length : undefined;
}

async function write(
  books: Books,
  directory: Directory,
  { brackets, gauges }: Stores,
  marks: readonly RowMark[],
  ids: readonly number[],
  now: number,
): Promise<boolean> {
  for (;;) {
    const outcome = await unlessRaced(books.db, async (tx) => {
      if (!(await isCurrent(tx, directory.edition))) return 'outdated';
      await writeWhole(tx, 'bracket', dirtyRows(brackets));
      await writeWhole(tx, 'gauge', dirtyRows(gauges));
      await noteMarks(tx, marks);
      await tx
        .updateTable('quarantine')
        .set({ state: 'admitted', settled_at: now })
        .where('id', 'in', [...ids])
        .execute();
      return 'written';
    });
    if (outcome !== undefined) return outcome === 'written';
    await reread(sqlStore(books), brackets, [...brackets.rows.values()]);
    await reread(sqlStore(books), gauges, [...gauges.rows.values()]);
  }
}
