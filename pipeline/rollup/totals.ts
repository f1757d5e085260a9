import { sql, type Transaction } from 'kysely';
import { type Point, UNALLOCATED } from '#domain';
import type { Tables } from '../books/tables.ts';
import { allocate, inForce, type Share, sharesOn } from '../ledger/allocate.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { ChangedDays } from './settle-register.ts';

type Tx = Transaction<Tables>;

/** How a point's usage counts into the total of its institution (ledger.md, 7). */
export const signOf = (role: Point['role']): 1 | -1 | 0 =>
  role === 'export' ? -1 : role === 'main' || role === 'generation' ? 1 : 0;

/** Rules of the point, or of the point whose usage it breaks down. */
export function allocationsOf(site: DirectorySite, point: Point): Point['allocations'] {
  if (point.allocations.length > 0 || point.parent === undefined) return point.allocations;
  const parent = site.registry.points.find((p) => p.id === point.parent);
  return parent ? allocationsOf(site, parent) : [];
}

/** Recomputes usage of points and parties for the days given, from the days of mountings: never incremented (architecture.md, Books). */
export async function settleTotals(tx: Tx, site: DirectorySite, changed: ChangedDays): Promise<void> {
  const metered = site.registry.points.filter((p) => p.role !== 'formula');
  for (const point of metered) await settlePoint(tx, site, point, daysOf(changed, point.id));
  for (const point of byDependence(site.registry.points.filter((p) => p.role === 'formula'))) {
    const days = new Set([
      ...daysOf(changed, point.id),
      ...(point.terms ?? []).flatMap((t) => daysOf(changed, t.point)),
    ]);
    if (days.size === 0) continue;
    changed.set(point.id, days);
    await settleFormula(tx, site, point, [...days]);
  }
  for (const point of site.registry.points) {
    const days = new Set([
      ...daysOf(changed, point.id),
      ...subMetersOf(site, point).flatMap((id) => daysOf(changed, id)),
    ]);
    await settleParties(tx, site, point, [...days]);
  }
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

export const mountingsOf = (site: DirectorySite, point: string): readonly string[] =>
  [...site.registers.values()].flatMap((r) => r.mountings.filter((m) => m.point === point).map((m) => m.id));

async function settlePoint(tx: Tx, site: DirectorySite, point: Point, days: readonly number[]): Promise<void> {
  if (days.length === 0) return;
  const id = site.registry.site.id;
  await deleteDays(tx, id, point.id, days);
  await sql`
    insert into usage_day (site, point, day, amount, measured, interpolated, manual, disputed)
    select site, ${point.id}, day, sum(amount), sum(measured), sum(interpolated), 0, sum(disputed) from mounting_day
    where site = ${id} and mounting = any(${mountingsOf(site, point.id)}::text[]) and day = any(${days}::int4[]) group by site, day`.execute(
    tx,
  );
}

async function settleFormula(tx: Tx, site: DirectorySite, point: Point, days: readonly number[]): Promise<void> {
  const id = site.registry.site.id;
  const terms = point.terms ?? [];
  await deleteDays(tx, id, point.id, days);
  await sql`
    insert into usage_day (site, point, day, amount, measured, interpolated, manual, disputed)
    select u.site, ${point.id}, u.day, sum(t.sign * u.amount), sum(t.sign * u.measured), sum(t.sign * u.interpolated), sum(t.sign * u.manual), sum(t.sign * u.disputed)
    from usage_day u join unnest(${terms.map((t) => t.point)}::text[], ${terms.map((t) => t.sign)}::int4[]) as t(point, sign) using (point)
    where u.site = ${id} and u.day = any(${days}::int4[]) group by u.site, u.day`.execute(tx);
}

const deleteDays = async (tx: Tx, site: string, point: string, days: readonly number[]): Promise<void> => {
  await sql`delete from usage_day where site = ${site} and point = ${point} and day = any(${days}::int4[])`.execute(tx);
};

/** Allocates the point's usage of each day to institutions and what nobody claims. */
async function settleParties(tx: Tx, site: DirectorySite, point: Point, days: readonly number[]): Promise<void> {
  if (days.length === 0) return;
  const id = site.registry.site.id;
  await sql`delete from allocation_day where site = ${id} and point = ${point.id} and day = any(${days}::int4[])`.execute(
    tx,
  );
  const amounts = await amountsOf(tx, id, [point.id, ...subMetersOf(site, point)], days);
  const rows: { party: string; day: number; amount: number }[] = [];
  for (const day of days) {
    const amount = amounts.get(`${point.id} ${day}`);
    if (amount === undefined) continue;
    const shares = sharesOf(site, point, day, (sub) => amounts.get(`${sub} ${day}`));
    const signed = point.role === 'export' ? -amount : amount;
    for (const [party, part] of allocate(signed, shares)) rows.push({ party, day, amount: part });
  }
  if (rows.length === 0) return;
  await sql`
    insert into allocation_day (site, party, day, point, amount)
    select ${id}, u.party, u.day, ${point.id}, u.amount
    from unnest(${rows.map((r) => r.party)}::text[], ${rows.map((r) => r.day)}::int4[], ${rows.map((r) => r.amount)}::int8[]) as u(party, day, amount)`.execute(
    tx,
  );
}

export function sharesOf(
  site: DirectorySite,
  point: Point,
  day: number,
  usageOf: (point: string) => number | undefined,
): readonly Share[] {
  const institutions = new Map(site.registry.institutions.map((i) => [i.id, i]));
  return sharesOn(inForce(allocationsOf(site, point), day), day, { institutions, usageOf }).filter(
    (s) => s.party !== UNALLOCATED,
  );
}

async function amountsOf(
  tx: Tx,
  site: string,
  points: readonly string[],
  days: readonly number[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ point: string; day: number; amount: number }>`
    select point, day, amount from usage_day where site = ${site} and point = any(${points}::text[]) and day = any(${days}::int4[])`.execute(
    tx,
  );
  return new Map(rows.map((r) => [`${r.point} ${r.day}`, r.amount]));
}
