import { sql, type Transaction } from 'kysely';
import { registerKey } from '#domain';
import { unfoldMarks } from '../books/dirty.ts';
import type { Books } from '../books/index.ts';
import type { Tables } from '../books/tables.ts';
import { type DirectorySite, loadSiteOf } from '../ledger/directory.ts';
import type { Progress } from '../service.ts';
import { groupsOf, LIMITS, type Limits, type Mark } from './settle-groups.ts';
import { type ChangedDays, dayOf, forgetVanished, settleMountings } from './settle-mountings.ts';
import { settleTotals } from './totals.ts';

/** One settler at a time over the whole database. */
const SETTLE_LOCK = 0x63_69_76_73;
/** A settler that stands still in mid-transaction keeps the others waiting no longer than this; it thinks for a second or two between statements (LIMITS). */
const STILL = '60s';

export interface SettleOptions {
  readonly books: Books;
  /** Only what waits of this site. */
  readonly site?: string | undefined;
  readonly progress?: Progress | undefined;
  /** A site as its registry is now; read each time where absent. */
  readonly siteOf?: ((id: string) => Promise<DirectorySite>) | undefined;
  readonly limits?: Limits | undefined;
  /** Ends it after the transaction under way; what is left waits. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Recomputes everything that follows from marked registers: findings, evidence, days, points, parties. A mark is deleted only if nobody marked
 * again meanwhile. A register that waits for its slots to be rejoined from the log keeps its mark. Answers how many marks were settled.
 */
export async function settle({
  books,
  site: only,
  progress,
  siteOf = (id) => loadSiteOf(books.db, id),
  limits = LIMITS,
  signal,
}: SettleOptions): Promise<number> {
  await unfoldMarks(books.db);
  const waiting = books.db.selectFrom('dirty').selectAll();
  const marks = await (only === undefined ? waiting : waiting.where('site', '=', only)).execute();
  let done = 0;
  for (const [id, siteMarks] of Map.groupBy(marks, (m) => m.site)) {
    const settled = (group: readonly Mark[]): void => {
      done += group.length;
      progress?.(done, marks.length, id);
    };
    let left: readonly Mark[] = siteMarks;
    // again by the new registry where it changes meanwhile
    while (left.length > 0 && !signal?.aborted)
      left = await settleSite({ books, site: await siteOf(id), limits, signal, settled }, left);
    if (signal?.aborted) return done;
  }
  return done;
}

interface SiteWork {
  readonly books: Books;
  readonly site: DirectorySite;
  readonly limits: Limits;
  readonly signal: AbortSignal | undefined;
  readonly settled: (group: readonly Mark[]) => void;
}

/** Group by group; answers what is left where it is told to end, or the registry is no longer the one given. */
async function settleSite(
  { books, site, limits, signal, settled }: SiteWork,
  marks: readonly Mark[],
): Promise<readonly Mark[]> {
  const groups = await groupsOf(books.db, site, marks, limits);
  for (const [i, group] of groups.entries()) {
    if (signal?.aborted || !(await settleGroup(books, site, group))) return groups.slice(i).flat();
    settled(group);
  }
  return [];
}

/** Answers whether it was done: not where the registry has changed, by which another settler may have written already what this one does not know. */
async function settleGroup(books: Books, site: DirectorySite, group: readonly Mark[]): Promise<boolean> {
  return books.db.transaction().execute(async (tx) => {
    await sql`
      select set_config('idle_in_transaction_session_timeout', ${STILL}, true), pg_advisory_xact_lock(${SETTLE_LOCK})`.execute(
      tx,
    );
    const changed: ChangedDays = new Map();
    const { id } = site.registry.site;
    const versions = await tx
      .selectFrom('site')
      .select(['registry_version as now', 'settled_version as settled'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (versions.now !== site.version) return false;
    if (versions.settled !== site.version) {
      await forgetVanished(tx, site, changed);
      await tx.updateTable('site').set({ settled_version: site.version }).where('id', '=', id).execute();
    }
    const marks = await standing(tx, id, group);
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
      where d.site = ${id} and d.device = m.device and d.register = m.register and d.marks = m.marks`.execute(tx);
    return true;
  });
}

/**
 * What is left of a group, as it is now: while this settler waited for its turn another may have settled some, and marked again they may reach further back. Only settlers
 * delete marks, one at a time, so that from here on one that keeps its count is the same mark.
 */
async function standing(tx: Transaction<Tables>, site: string, group: readonly Mark[]): Promise<readonly Mark[]> {
  const asked = new Set(group.map(({ device, register }) => registerKey(device, register)));
  const devices = [...new Set(group.map(({ device }) => device))];
  const { rows } = await sql<Mark>`
    select * from dirty where site = ${site} and device = any(${devices}::text[])`.execute(tx);
  return rows.filter(({ device, register }) => asked.has(registerKey(device, register)));
}

/** Marks without a device name a point whose shares or terms changed from an instant on. */
async function reallocated(
  tx: Transaction<Tables>,
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
