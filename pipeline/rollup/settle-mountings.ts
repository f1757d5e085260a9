import { sql, type Transaction } from 'kysely';
import { type Finding, localDay, zoneOf } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { dayUsages, type DayUsage } from './days.ts';
import { type JudgedWork, judgeWindows, type Work } from './windows.ts';

type Tx = Transaction<Tables>;

/** Local days of a point whose usage may have changed. */
export type ChangedDays = Map<string, Set<number>>;

/** Recomputes what follows from registers' brackets from an instant on: findings, evidence, days of their mountings (ledger.md, 9). */
export async function settleMountings(
  tx: Tx,
  site: DirectorySite,
  works: readonly Work[],
  changed: ChangedDays,
): Promise<void> {
  if (works.length === 0) return;
  for await (const judged of judgeWindows(tx, site, works)) {
    await writeFindings(tx, site, judged);
    await writeEvidence(tx, site, judged);
    await writeDays(tx, site, judged, changed);
  }
}

const note = (changed: ChangedDays, point: string, days: Iterable<number>): void => {
  const known = changed.get(point) ?? new Set();
  for (const day of days) known.add(day);
  changed.set(point, known);
};

/** A column of an `unnest`. */
const column = <T, C>(rows: readonly T[], pick: (row: T) => C): C[] => rows.map(pick);
/** Below every day and every instant of the books. */
const [FIRST_DAY, FIRST_INSTANT] = [-2_147_483_648, Number.MIN_SAFE_INTEGER];

const keyOf = (f: Finding): string =>
  [f.mounting, f.device, f.register, f.kind, f.from, f.to, f.fromValue, f.toValue, f.explained ? 1 : 0].join('|');

async function writeFindings(tx: Tx, site: DirectorySite, judged: readonly JudgedWork[]): Promise<void> {
  const id = site.registry.site.id;
  const firstAt = new Map(judged.map(({ mounting, window }) => [mounting.id, window.firstAt]));
  const least = Math.max(FIRST_INSTANT, Math.min(...firstAt.values()));
  const { rows } = await sql<Finding>`
    select mounting, kind, from_at as "from", to_at as "to", from_value as "fromValue", to_value as "toValue", explained, device, register
    from finding where site = ${id} and mounting = any(${[...firstAt.keys()]}::text[]) and from_at >= ${least}`.execute(
    tx,
  );
  const old = new Map(rows.filter((f) => f.from >= (firstAt.get(f.mounting) ?? 0)).map((f) => [keyOf(f), f]));
  const wanted = new Map(judged.flatMap(({ window }) => window.judged.findings.map((f) => [keyOf(f), f] as const)));
  const gone = [...old].filter(([key]) => !wanted.has(key)).map(([, f]) => f);
  const fresh = [...wanted].filter(([key]) => !old.has(key)).map(([, f]) => f);
  if (gone.length > 0) {
    await sql`
      delete from finding f using unnest(${column(gone, (g) => g.mounting)}::text[], ${column(gone, (g) => g.kind)}::text[],
        ${column(gone, (g) => g.from)}::int8[], ${column(gone, (g) => g.to)}::int8[]) as g(mounting, kind, from_at, to_at)
      where f.site = ${id} and f.mounting = g.mounting and f.kind = g.kind and f.from_at = g.from_at and f.to_at = g.to_at`.execute(
      tx,
    );
  }
  if (fresh.length > 0) {
    await sql`
      insert into finding (site, mounting, kind, from_at, to_at, device, register, from_value, to_value, explained)
      select ${id}, * from unnest(${column(fresh, (f) => f.mounting)}::text[], ${column(fresh, (f) => f.kind)}::text[], ${column(fresh, (f) => f.from)}::int8[],
        ${column(fresh, (f) => f.to)}::int8[], ${column(fresh, (f) => f.device)}::text[], ${column(fresh, (f) => f.register)}::text[],
        ${column(fresh, (f) => f.fromValue)}::int8[], ${column(fresh, (f) => f.toValue)}::int8[], ${column(fresh, (f) => f.explained ?? false)}::bool[])`.execute(
      tx,
    );
  }
}

/** A window says where evidence ends; where it begins only if it holds the mounting from its beginning. */
async function writeEvidence(tx: Tx, site: DirectorySite, judged: readonly JudgedWork[]): Promise<void> {
  const id = site.registry.site.id;
  const without = judged.filter(({ window }) => !window.judged.evidence).map(({ mounting }) => mounting.id);
  if (without.length > 0)
    await sql`delete from evidence where site = ${id} and mounting = any(${without}::text[])`.execute(tx);
  const rows = judged.flatMap(({ mounting, window }) => {
    const { evidence } = window.judged;
    return evidence ? [{ mounting: mounting.id, whole: !Number.isFinite(window.firstAt), ...evidence }] : [];
  });
  if (rows.length === 0) return;
  const columns = (list: typeof rows) => sql`
    select ${id}, * from unnest(${column(list, (r) => r.mounting)}::text[], ${column(list, (r) => r.firstAt)}::int8[], ${column(list, (r) => r.firstValue)}::int8[],
      ${column(list, (r) => r.lastAt)}::int8[], ${column(list, (r) => r.lastValue)}::int8[])`;
  const [whole, cut] = [rows.filter((r) => r.whole), rows.filter((r) => !r.whole)];
  const last = sql`last_at = excluded.last_at, last_value = excluded.last_value`;
  if (whole.length > 0)
    await sql`
      insert into evidence (site, mounting, first_at, first_value, last_at, last_value) ${columns(whole)}
      on conflict (site, mounting) do update set first_at = excluded.first_at, first_value = excluded.first_value, ${last}`.execute(
      tx,
    );
  if (cut.length > 0)
    await sql`
      insert into evidence (site, mounting, first_at, first_value, last_at, last_value) ${columns(cut)}
      on conflict (site, mounting) do update set ${last}`.execute(tx);
}

interface MountingDay extends DayUsage {
  readonly mounting: string;
}

/** Notes the days that differ from what stood there. */
async function writeDays(
  tx: Tx,
  site: DirectorySite,
  judged: readonly JudgedWork[],
  changed: ChangedDays,
): Promise<void> {
  const id = site.registry.site.id;
  const zone = zoneOf(site.registry.site.zone);
  const completeFrom = new Map(judged.map(({ mounting, window }) => [mounting.id, window.completeFrom]));
  const least = Math.min(...completeFrom.values());
  const { rows } = await sql<MountingDay>`
    select mounting, day, amount, measured, interpolated, disputed from mounting_day
    where site = ${id} and mounting = any(${[...completeFrom.keys()]}::text[]) and day >= ${Number.isFinite(least) ? least : FIRST_DAY}`.execute(
    tx,
  );
  const stored = Map.groupBy(
    rows.filter((r) => r.day >= (completeFrom.get(r.mounting) ?? 0)),
    (r) => r.mounting,
  );
  const gone: { readonly mounting: string; readonly day: number }[] = [];
  const fresh: MountingDay[] = [];
  for (const { mounting, window } of judged) {
    const old = new Map((stored.get(mounting.id) ?? []).map((r) => [r.day, r]));
    const differing: number[] = [];
    for (const day of dayUsages(window.judged, window.completeFrom, site.slotMs, zone)) {
      const before = old.get(day.day);
      old.delete(day.day);
      if (before && sameDay(before, day)) continue;
      fresh.push({ mounting: mounting.id, ...day });
      differing.push(day.day);
    }
    for (const day of old.keys()) gone.push({ mounting: mounting.id, day });
    note(changed, mounting.point, [...differing, ...old.keys()]);
  }
  if (gone.length > 0) {
    await sql`
      delete from mounting_day d using unnest(${column(gone, (g) => g.mounting)}::text[], ${column(gone, (g) => g.day)}::int4[]) as g(mounting, day)
      where d.site = ${id} and d.mounting = g.mounting and d.day = g.day`.execute(tx);
  }
  if (fresh.length > 0) {
    await sql`
      insert into mounting_day (site, mounting, day, amount, measured, interpolated, disputed)
      select ${id}, * from unnest(${column(fresh, (d) => d.mounting)}::text[], ${column(fresh, (d) => d.day)}::int4[], ${column(fresh, (d) => d.amount)}::int8[],
        ${column(fresh, (d) => d.measured)}::int8[], ${column(fresh, (d) => d.interpolated)}::int8[], ${column(fresh, (d) => d.disputed)}::int8[])
      on conflict (site, mounting, day) do update set amount = excluded.amount, measured = excluded.measured,
        interpolated = excluded.interpolated, disputed = excluded.disputed`.execute(tx);
  }
}

const sameDay = (a: DayUsage, b: DayUsage): boolean =>
  a.amount === b.amount && a.measured === b.measured && a.interpolated === b.interpolated && a.disputed === b.disputed;

/** Forgets mountings that events no longer make; the days they had count as changed. */
export async function forgetVanished(tx: Tx, site: DirectorySite, changed: ChangedDays): Promise<void> {
  const known = [...site.registers.values()].flatMap((r) => r.mountings.map((m) => m.id));
  const { id } = site.registry.site;
  const { rows } = await sql<{ mounting: string; day: number }>`
    delete from mounting_day where site = ${id} and not (mounting = any(${known}::text[])) returning mounting, day`.execute(
    tx,
  );
  for (const { mounting, day } of rows) note(changed, mounting.slice(0, mounting.indexOf('/')), [day]);
  await sql`delete from finding where site = ${id} and not (mounting = any(${known}::text[]))`.execute(tx);
  await sql`delete from evidence where site = ${id} and not (mounting = any(${known}::text[]))`.execute(tx);
}

/** First local day on which something that happened at `at` can show. */
export const dayOf = (site: DirectorySite, at: number): number => localDay(at, zoneOf(site.registry.site.zone));
