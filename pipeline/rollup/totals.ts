import { sql, type Transaction } from 'kysely';
import { type Point, UNALLOCATED } from '#domain';
import { spanOf } from '#platform';
import type { Tables } from '../books/tables.ts';
import { allocate, inForce, type Share, sharesOn } from '../ledger/allocate.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { ChangedDays } from './settle-mountings.ts';
import type { Counted, TouchedPart } from './party-days.ts';
import { allocationsOf, indexOf, mountingsOf } from './site-index.ts';

type Tx = Transaction<Tables>;

/** How a point's usage counts into the total of its institution (ledger.md, 7). */
export const signOf = (role: Point['role']): 1 | -1 | 0 =>
  role === 'export' ? -1 : role === 'main' || role === 'generation' ? 1 : 0;

export const countedOf = ({ registry }: DirectorySite): Counted =>
  new Map(registry.points.filter((p) => signOf(p.role) !== 0).map((p) => [p.id, p.carrier]));

/**
 * Recomputes usage of points and what parties bear of each for the days given, from the days of mountings: never incremented (architecture.md, Books). Answers the parts, with
 * which the days of parties are to be added up again.
 */
export async function settleTotals(tx: Tx, site: DirectorySite, changed: ChangedDays): Promise<readonly TouchedPart[]> {
  const metered = site.registry.points.filter((p) => p.role !== 'formula');
  await settlePoints(
    tx,
    site,
    metered.flatMap((p) => daysOf(changed, p.id).map((day) => ({ point: p.id, day }))),
  );
  for (const point of byDependence(site.registry.points.filter((p) => p.role === 'formula'))) {
    const days = new Set([
      ...daysOf(changed, point.id),
      ...(point.terms ?? []).flatMap((t) => daysOf(changed, t.point)),
    ]);
    if (days.size === 0) continue;
    changed.set(point.id, days);
    await settleFormula(tx, site, point, [...days]);
  }
  const shared = site.registry.points.map((point) => ({
    point,
    days: new Set([...daysOf(changed, point.id), ...subMetersOf(site, point).flatMap((id) => daysOf(changed, id))]),
  }));
  return settleParties(
    tx,
    site,
    shared.filter(({ days }) => days.size > 0),
  );
}

const daysOf = (changed: ChangedDays, point: string): readonly number[] => [...(changed.get(point) ?? [])];

const subMetersOf = (site: DirectorySite, point: Point): readonly string[] =>
  allocationsOf(site, point).flatMap(({ value }) => (value.basis === 'sub-meter' ? value.by.map((b) => b.point) : []));

/** A formula after the formulas that it sums. The site file refuses circles. */
export function byDependence(points: readonly Point[]): readonly Point[] {
  const done: Point[] = [];
  const visit = (point: Point): void => {
    if (done.includes(point)) return;
    for (const term of point.terms ?? []) {
      const inner = points.find((p) => p.id === term.point);
      if (inner) visit(inner);
    }
    done.push(point);
  };
  points.forEach(visit);
  return done;
}

interface PointDay {
  readonly point: string;
  readonly day: number;
}

type Split = { amount: number; measured: number; interpolated: number; disputed: number };

/** Adds up in memory what one question answers: a join of so many pairs is a plan that a database without statistics gets wrong. */
async function settlePoints(tx: Tx, site: DirectorySite, days: readonly PointDay[]): Promise<void> {
  if (days.length === 0) return;
  const id = site.registry.site.id;
  const span = spanOf(days.map(({ day }) => day));
  const sums = new Map(
    days.map((d) => [keyOf(d), { ...d, amount: 0, measured: 0, interpolated: 0, disputed: 0, parts: 0 }]),
  );
  const pointOf = new Map(
    [...new Set(days.map((d) => d.point))].flatMap((point) =>
      mountingsOf(site, point).map((mounting) => [mounting, point]),
    ),
  );
  const { rows } = await sql<Split & { readonly mounting: string; readonly day: number }>`
    select mounting, day, amount, measured, interpolated, disputed from mounting_day
    where site = ${id} and mounting = any(${[...pointOf.keys()]}::text[]) and day >= ${span.from}
      and day <= ${span.to}`.execute(tx);
  for (const row of rows) {
    const sum = sums.get(keyOf({ point: pointOf.get(row.mounting) ?? '', day: row.day }));
    if (!sum) continue;
    sum.parts += 1;
    for (const part of ['amount', 'measured', 'interpolated', 'disputed'] as const) sum[part] += row[part];
  }
  const all = [...sums.values()];
  await deleteDays(
    tx,
    id,
    all.filter((s) => s.parts === 0),
  );
  const put = all.filter((s) => s.parts > 0);
  await sql`
    insert into usage_day (site, point, day, amount, measured, interpolated, manual, disputed)
    select ${id}, u.point, u.day, u.amount, u.measured, u.interpolated, 0, u.disputed
    from unnest(${put.map((d) => d.point)}::text[], ${put.map((d) => d.day)}::int4[], ${put.map((d) => d.amount)}::int8[], ${put.map((d) => d.measured)}::int8[],
      ${put.map((d) => d.interpolated)}::int8[], ${put.map((d) => d.disputed)}::int8[]) as u(point, day, amount, measured, interpolated, disputed)
    on conflict (site, point, day) do update set amount = excluded.amount, measured = excluded.measured, interpolated = excluded.interpolated,
      manual = excluded.manual, disputed = excluded.disputed`.execute(tx);
}

const keyOf = ({ point, day }: PointDay): string => `${point} ${day}`;

async function settleFormula(tx: Tx, site: DirectorySite, point: Point, days: readonly number[]): Promise<void> {
  const id = site.registry.site.id;
  const terms = point.terms ?? [];
  await deleteDays(
    tx,
    id,
    days.map((day) => ({ point: point.id, day })),
  );
  await sql`
    insert into usage_day (site, point, day, amount, measured, interpolated, manual, disputed)
    select u.site, ${point.id}, u.day, sum(t.sign * u.amount), sum(t.sign * u.measured), sum(t.sign * u.interpolated), sum(t.sign * u.manual), sum(t.sign * u.disputed)
    from usage_day u join unnest(${terms.map((t) => t.point)}::text[], ${terms.map((t) => t.sign)}::int4[]) as t(point, sign) using (point)
    where u.site = ${id} and u.day = any(${days}::int4[]) group by u.site, u.day`.execute(tx);
}

async function deleteDays(tx: Tx, site: string, days: readonly PointDay[]): Promise<void> {
  for (const [point, list] of Map.groupBy(days, (d) => d.point))
    await sql`delete from usage_day where site = ${site} and point = ${point} and day = any(${list.map((d) => d.day)}::int4[])`.execute(
      tx,
    );
}

/** Points with the days of which what institutions bear is to be computed again. */
type Shared = readonly { readonly point: Point; readonly days: ReadonlySet<number> }[];

/** Allocates the points' usage of each day to institutions and what nobody claims. */
async function settleParties(tx: Tx, site: DirectorySite, shared: Shared): Promise<readonly TouchedPart[]> {
  if (shared.length === 0) return [];
  const id = site.registry.site.id;
  const amounts = await amountsOf(
    tx,
    id,
    shared.flatMap(({ point, days }) =>
      [point.id, ...subMetersOf(site, point)].flatMap((each) => [...days].map((day) => ({ point: each, day }))),
    ),
  );
  const rows: { party: string; day: number; point: string; amount: number }[] = [];
  for (const { point, days } of shared) {
    for (const day of days) {
      const amount = amounts.get(keyOf({ point: point.id, day }));
      if (amount === undefined) continue;
      const shares = sharesOf(site, point, day, (sub) => amounts.get(keyOf({ point: sub, day })));
      const signed = point.role === 'export' ? -amount : amount;
      for (const [party, part] of allocate(signed, shares)) rows.push({ party, day, point: point.id, amount: part });
    }
  }
  const gone = await dropOthers(tx, id, shared, new Set(rows.map((r) => `${r.party} ${keyOf(r)}`)));
  if (rows.length > 0)
    await sql`
      insert into allocation_day (site, party, day, point, amount)
      select ${id}, * from unnest(${rows.map((r) => r.party)}::text[], ${rows.map((r) => r.day)}::int4[], ${rows.map((r) => r.point)}::text[],
        ${rows.map((r) => r.amount)}::int8[]) on conflict (site, party, day, point) do update set amount = excluded.amount`.execute(
      tx,
    );
  return [...rows, ...gone];
}

/** Deletes what parties bore that no longer do, and answers it. */
async function dropOthers(
  tx: Tx,
  site: string,
  shared: Shared,
  kept: ReadonlySet<string>,
): Promise<readonly TouchedPart[]> {
  const days = new Map(shared.map(({ point, days: list }) => [point.id, list]));
  const span = spanOf(shared.flatMap(({ days: list }) => [...list]));
  const { rows } = await sql<TouchedPart>`
    select party, point, day from allocation_day where site = ${site} and point = any(${[...days.keys()]}::text[])
      and day >= ${span.from} and day <= ${span.to}`.execute(tx);
  const gone = rows.filter((r) => days.get(r.point)?.has(r.day) && !kept.has(`${r.party} ${keyOf(r)}`));
  for (const [party, list] of Map.groupBy(gone, (r) => r.party)) {
    await sql`
      delete from allocation_day a using unnest(${list.map((r) => r.day)}::int4[], ${list.map((r) => r.point)}::text[]) as g(day, point)
      where a.site = ${site} and a.party = ${party} and a.day = g.day and a.point = g.point`.execute(tx);
  }
  return gone;
}

export function sharesOf(
  site: DirectorySite,
  point: Point,
  day: number,
  usageOf: (point: string) => number | undefined,
): readonly Share[] {
  const { institutions } = indexOf(site);
  return sharesOn(inForce(allocationsOf(site, point), day), day, { institutions, usageOf }).filter(
    (s) => s.party !== UNALLOCATED,
  );
}

async function amountsOf(tx: Tx, site: string, days: readonly PointDay[]): Promise<ReadonlyMap<string, number>> {
  const span = spanOf(days.map(({ day }) => day));
  const { rows } = await sql<PointDay & { readonly amount: number }>`
    select point, day, amount from usage_day where site = ${site} and point = any(${[...new Set(days.map((d) => d.point))]}::text[])
      and day >= ${span.from} and day <= ${span.to}`.execute(tx);
  return new Map(rows.map((r) => [keyOf(r), r.amount]));
}
