import { sql } from 'kysely';
import { registerKey } from '#domain';
import { unfoldMarks } from '../books/dirty.ts';
import type { Books } from '../books/index.ts';
import { type DirectorySite, loadSiteOf } from '../ledger/directory.ts';
import type { Progress } from '../service.ts';
import { type ChangedDays, dayOf, forgetVanished, settleMountings } from './settle-mountings.ts';
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
  /** Only what waits of this site. */
  readonly site?: string | undefined;
  readonly progress?: Progress | undefined;
  /** A site as its registry is now; read each time where absent. */
  readonly siteOf?: ((id: string) => Promise<DirectorySite>) | undefined;
}

/** Devices recomputed in one transaction. */
const DEVICES_AT_ONCE = 100;

/**
 * Recomputes everything that follows from marked registers: findings, evidence, days, points, parties. A mark is deleted only if nobody marked
 * again meanwhile. A register that waits for its slots to be rejoined from the log keeps its mark. Answers how many marks were settled.
 */
export async function settle({
  books,
  site: only,
  progress,
  siteOf = (id) => loadSiteOf(books.db, id),
}: SettleOptions): Promise<number> {
  await unfoldMarks(books.db);
  const waiting = books.db.selectFrom('dirty').selectAll();
  const marks = await (only === undefined ? waiting : waiting.where('site', '=', only)).execute();
  if (marks.length === 0) return 0;
  let done = 0;
  for (const [id, siteMarks] of Map.groupBy(marks, (m) => m.site)) {
    const site = await siteOf(id);
    const devices = [...Map.groupBy(siteMarks, (m) => m.device).values()];
    for (let at = 0; at < devices.length; at += DEVICES_AT_ONCE) {
      const group = devices.slice(at, at + DEVICES_AT_ONCE).flat();
      await settleGroup(books, site, group, at === 0);
      done += group.length;
      progress?.(done, marks.length, site.registry.site.id);
    }
  }
  return done;
}

async function settleGroup(books: Books, site: DirectorySite, marks: readonly Mark[], first: boolean): Promise<void> {
  await books.db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${SETTLE_LOCK})`.execute(tx);
    const changed: ChangedDays = new Map();
    if (first) await forgetVanished(tx, site, changed);
    const works = marks.flatMap(({ device, register: name, from_at: from }) => {
      const register = site.registers.get(registerKey(device, name));
      const reached = register?.mountings.filter((m) => (m.removedAt ?? Infinity) >= from) ?? [];
      return register ? reached.map((mounting) => ({ register, mounting, from })) : [];
    });
    await settleMountings(tx, site, works, changed);
    await reallocated(tx, site, marks, changed);
    await settleTotals(tx, site, changed);
    const settled = marks.filter((mark) => !mark.rejoin);
    await sql`
      delete from dirty d using unnest(${settled.map((m) => m.device)}::text[], ${settled.map((m) => m.register)}::text[], ${settled.map((m) => m.marks)}::int8[])
        as m(device, register, marks)
      where d.site = ${site.registry.site.id} and d.device = m.device and d.register = m.register and d.marks = m.marks`.execute(
      tx,
    );
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
