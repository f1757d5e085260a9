import { type Kysely, sql, type Transaction } from 'kysely';
import { isMeteringError, registerKey, storeError } from '#domain';
import { unfoldMarks } from '../books/dirty.ts';
import type { Books } from '../books/index.ts';
import { isPassing } from '../books/passing.ts';
import type { Tables } from '../books/tables.ts';
import { type DirectorySite, loadSiteOf } from '../ledger/directory.ts';
import type { Progress } from '../service.ts';
import { leavePartyDays, settlePartyDays } from './party-days.ts';
import { groupsOf, LIMITS, type Limits, type Mark } from './settle-groups.ts';
import { type ChangedDays, dayOf, forgetVanished, settleMountings } from './settle-mountings.ts';
import { countedOf, settleTotals } from './totals.ts';

/** One settler at a time on a site, whose id is the lock's second half. */
export const SETTLE_LOCK = 0x63_69_76_73;
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
 * again meanwhile. A register that waits for its slots to be rejoined from the log keeps its mark. Answers how many marks were settled. Throws SITE_NOT_COMPUTED
 * after all other sites.
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
  const marked = await markedSites(books.db, only);
  const total = marked.reduce((sum, { marks }) => sum + marks, 0);
  let done = 0;
  const work: SettleWork = {
    books,
    siteOf,
    limits,
    signal,
    settled: (id, marks) => {
      done += marks;
      progress?.(done, Math.max(done, total), id);
    },
  };
  let left = marked.map(({ site }) => site);
  const failures: Error[] = [];
  // sites at which another settler is at work come last, and are waited for
  for (const turn of ['if-free', 'wait'] as const) {
    const busy: string[] = [];
    for (const id of left) {
      if (signal?.aborted) return done;
      try {
        if (!(await settleSite(work, id, turn))) busy.push(id);
      } catch (error) {
        if (!isMeteringError(error) && isPassing(error)) throw error;
        failures.push(notComputed(id, error));
      }
    }
    left = busy;
  }
  if (failures[0]) throw failures[0];
  return done;
}

/** What is wrong with one site (a number beyond 2^53, a damaged row) keeps no other waiting, and ends nothing: its marks stay. */
const notComputed = (site: string, cause: unknown): Error =>
  storeError(
    'SITE_NOT_COMPUTED',
    `the totals of ${site} cannot be computed: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      place: site,
      cure: 'look at the newest readings of its meters: one of garbage is excluded by an event, or left out by itself where the meter has a rating',
      cause,
    },
  );

interface MarkedSite {
  readonly site: string;
  readonly marks: number;
}

/** The marks themselves are read site by site: of a nation that waits they would fill the memory. */
async function markedSites(db: Kysely<Tables>, only: string | undefined): Promise<readonly MarkedSite[]> {
  const { rows } = await sql<MarkedSite>`
    select site, count(*)::int8 as marks from dirty where ${only ?? null}::text is null or site = ${only ?? null} group by site order by site`.execute(
    db,
  );
  return rows;
}

/** Whether a settler waits for another that is at work at its site. */
type Turn = 'if-free' | 'wait';

interface SettleWork {
  readonly books: Books;
  readonly siteOf: (id: string) => Promise<DirectorySite>;
  readonly limits: Limits;
  readonly signal: AbortSignal | undefined;
  readonly settled: (site: string, marks: number) => void;
}

/** Group by group, and again by the new registry where that changes meanwhile, until it is told to end. Answers false where another is at work there. */
async function settleSite(work: SettleWork, id: string, turn: Turn): Promise<boolean> {
  const { books, siteOf, limits, signal, settled } = work;
  const marks = await books.db.selectFrom('dirty').selectAll().where('site', '=', id).execute();
  if (marks.length === 0) return true;
  const site = await siteOf(id);
  const groups = await groupsOf(books.db, site, marks, limits);
  for (const group of groups) {
    if (signal?.aborted) return true;
    const outcome = await settleGroup(books, site, { group, isLast: group === groups.at(-1) }, turn);
    if (outcome === 'busy') return false;
    if (outcome === 'outdated') return settleSite(work, id, turn);
    settled(id, group.length);
  }
  return true;
}

/** Marks for one transaction. What each changes of a party's days is added up with the last, or where no mark is left of the site. */
interface Step {
  readonly group: readonly Mark[];
  readonly isLast: boolean;
}

/** `outdated` where the registry has changed, by which another settler may have written already what this one does not know; nothing is done then. */
async function settleGroup(
  books: Books,
  site: DirectorySite,
  { group, isLast }: Step,
  turn: Turn,
): Promise<'done' | 'outdated' | 'busy'> {
  return books.db.transaction().execute(async (tx) => {
    const { id } = site.registry.site;
    if (!(await hasTurn(tx, id, turn))) return 'busy';
    const changed: ChangedDays = new Map();
    const versions = await tx
      .selectFrom('site')
      .select(['registry_version as now', 'settled_version as settled'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (versions.now !== site.version) return 'outdated';
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
    const touched = await settleTotals(tx, site, changed);
    await forgetMarks(
      tx,
      id,
      marks.filter((mark) => !mark.rejoin),
    );
    const addUp = isLast || !(await isMarked(tx, id)) ? settlePartyDays : leavePartyDays;
    await addUp(tx, id, countedOf(site), touched);
    return 'done';
  });
}

async function hasTurn(tx: Transaction<Tables>, site: string, turn: Turn): Promise<boolean> {
  const lock = sql`(${SETTLE_LOCK}::int4, hashtext(${site}))`;
  const asked = turn === 'wait' ? sql`pg_advisory_xact_lock${lock} is not null` : sql`pg_try_advisory_xact_lock${lock}`;
  const { rows } = await sql<{ has: boolean }>`
    select set_config('idle_in_transaction_session_timeout', ${STILL}, true), ${asked} as has`.execute(tx);
  return rows[0]?.has === true;
}

async function isMarked(tx: Transaction<Tables>, site: string): Promise<boolean> {
  const { rows } = await sql<{ is: boolean }>`select exists (select from dirty where site = ${site}) as is`.execute(tx);
  return rows[0]?.is === true;
}

/** Those that nobody marked again. Locked in the order in which marks are made, so that neither waits for the other. */
async function forgetMarks(tx: Transaction<Tables>, site: string, marks: readonly Mark[]): Promise<void> {
  await sql`
    with settled as (
      select d.device, d.register from dirty d
      join unnest(${marks.map((m) => m.device)}::text[], ${marks.map((m) => m.register)}::text[], ${marks.map((m) => m.marks)}::int8[])
        as m(device, register, marks) using (device, register, marks)
      where d.site = ${site} order by d.device, d.register for update of d)
    delete from dirty d using settled s where d.site = ${site} and d.device = s.device and d.register = s.register`.execute(
    tx,
  );
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
