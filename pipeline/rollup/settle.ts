import { sql } from 'kysely';
import { registerKey } from '#domain';
import type { Books } from '../books/index.ts';
import { type DirectorySite, loadDirectory } from '../ledger/directory.ts';
import type { Progress } from '../service.ts';
import { type ChangedDays, dayOf, forgetVanished, settleRegister } from './settle-register.ts';
import { settleTotals } from './totals.ts';

/** One settler at a time over the whole database. */
const SETTLE_LOCK = 0x63_69_76_73;

interface Mark {
  readonly site: string;
  readonly device: string;
  readonly register: string;
  readonly from_at: number;
  readonly rejoin: boolean;
  readonly marks: number;
}

export interface SettleOptions {
  readonly books: Books;
  readonly progress?: Progress | undefined;
}

/**
 * Recomputes everything that follows from marked registers: findings, evidence, days, points, parties. A mark is deleted only if nobody marked
 * again meanwhile. A register that waits for its slots to be rejoined from the log keeps its mark. Answers how many marks were settled.
 */
export async function settle({ books, progress }: SettleOptions): Promise<number> {
  const marks = await books.db.selectFrom('dirty').selectAll().execute();
  if (marks.length === 0) return 0;
  const directory = await loadDirectory(books.db);
  let done = 0;
  for (const [id, siteMarks] of Map.groupBy(marks, (m) => m.site)) {
    const site = directory.sites.get(id);
    if (!site) continue;
    for (const group of Map.groupBy(siteMarks, (m) => m.device).values()) {
      await settleGroup(books, site, group);
      done += group.length;
      progress?.(done, marks.length, site.registry.site.id);
    }
  }
  return done;
}

async function settleGroup(books: Books, site: DirectorySite, marks: readonly Mark[]): Promise<void> {
  await books.db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${SETTLE_LOCK})`.execute(tx);
    const changed: ChangedDays = new Map();
    await forgetVanished(tx, site, changed);
    for (const mark of marks) {
      const register = site.registers.get(registerKey(mark.device, mark.register));
      if (register) await settleRegister(tx, site, register, mark.from_at, changed);
    }
    await reallocated(tx, site, marks, changed);
    await settleTotals(tx, site, changed);
    for (const mark of marks) {
      if (mark.rejoin) continue;
      await sql`delete from dirty where site = ${mark.site} and device = ${mark.device} and register = ${mark.register} and marks = ${mark.marks}`.execute(
        tx,
      );
    }
  });
}

/** Marks without a device name a point whose shares or terms changed from an instant on. */
async function reallocated(
  tx: Parameters<typeof settleTotals>[0],
  site: DirectorySite,
  marks: readonly Mark[],
  changed: ChangedDays,
): Promise<void> {
  for (const mark of marks.filter((m) => m.device === '')) {
    const { rows } = await sql<{ day: number }>`
      select distinct day from usage_day where site = ${mark.site} and day >= ${dayOf(site, mark.from_at)}`.execute(tx);
    changed.set(mark.register, new Set([...(changed.get(mark.register) ?? []), ...rows.map((r) => r.day)]));
  }
}
