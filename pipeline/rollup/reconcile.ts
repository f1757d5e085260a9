import { type Kysely, sql } from 'kysely';
import {
  type Carrier,
  dayStart,
  firstDayOfMonth,
  formatDay,
  formatInstant,
  monthOfDay,
  type Point,
  UNALLOCATED,
  type Zone,
  zoneOf,
} from '#domain';
import type { ReconcileAnswer } from '../answers.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { judge } from '../ledger/judge.ts';
import { usageOf } from '../ledger/volume.ts';
import type { Progress } from '../service.ts';
import { loadBrackets, placeOf } from './brackets.ts';
import { dayUsages } from './days.ts';
import { mountingsOf } from './site-index.ts';
import { signOf } from './totals.ts';

export interface Layer {
  readonly layer: string;
  rows: number;
  differences: number;
  readonly examples: string[];
}

export const layerOf = (layer: string): Layer => ({ layer, rows: 0, differences: 0, examples: [] });

export function compare(layer: Layer, what: string, got: number, want: number): void {
  layer.rows += 1;
  if (got === want) return;
  layer.differences += 1;
  if (layer.examples.length < 5) layer.examples.push(`${what}: ${got} instead of ${want}`);
}

/** Recomputes every derived total and prints the trial balance (ledger.md, 10). Differences must be 0. */
export async function reconcile(
  db: Kysely<Tables>,
  site: DirectorySite,
  now: number,
  extra: readonly Layer[] = [],
  progress?: Progress,
): Promise<ReconcileAnswer> {
  const zone = zoneOf(site.registry.site.zone);
  const layers = {
    hours: layerOf('hours-days'),
    days: layerOf('days-brackets'),
    months: layerOf('days-months'),
    years: layerOf('months-year'),
  };
  const registers = [...site.registers.values()].filter((r) => r.mountings.length > 0);
  for (const [i, register] of registers.entries()) {
    const brackets = await loadBrackets(db, placeOf(site, register), -Infinity, Infinity);
    for (const mounting of register.mountings) {
      const judged = judge(register, mounting, brackets, { slotMs: site.slotMs });
      const stored = await storedDays(db, site, mounting.id);
      const { evidence } = judged;
      if (!evidence) {
        for (const [day, amount] of stored) compare(layers.days, `${mounting.id} ${formatDay(day)}`, amount, 0);
        continue;
      }
      const hours = new Map(dayUsages(judged, -Infinity, site.slotMs, zone).map((d) => [d.day, d.amount]));
      const direct = (fromDay: number, toDay: number): number =>
        usageOf(judged, dayStart(fromDay, zone), dayStart(toDay, zone));
      for (const day of new Set([...hours.keys(), ...stored.keys()])) {
        compare(layers.hours, `${mounting.id} ${formatDay(day)}`, hours.get(day) ?? 0, direct(day, day + 1));
      }
      for (const day of new Set([...hours.keys(), ...stored.keys()]))
        compare(layers.days, `${mounting.id} ${formatDay(day)}`, stored.get(day) ?? NaN, hours.get(day) ?? NaN);
      const months = sumBy(stored, monthOfDay);
      for (const [month, amount] of months)
        compare(
          layers.months,
          `${mounting.id} ${formatDay(firstDayOfMonth(month))}`,
          amount,
          direct(firstDayOfMonth(month), firstDayOfMonth(month + 1)),
        );
      for (const [year, amount] of sumBy(months, (m) => Math.floor(m / 12)))
        compare(
          layers.years,
          `${mounting.id} ${year}`,
          amount,
          direct(firstDayOfMonth(year * 12), firstDayOfMonth(year * 12 + 12)),
        );
    }
    progress?.(i + 1, registers.length, 'registers');
  }
  const all = [
    layers.hours,
    layers.days,
    layers.months,
    layers.years,
    await pointsLayer(db, site),
    await partiesLayer(db, site),
    await totalsLayer(db, site),
    await siteLayer(db, site, zone),
    ...extra,
  ];
  return {
    at: formatInstant(now, zone),
    layers: all,
    rows: all.reduce((sum, l) => sum + l.rows, 0),
    differences: all.reduce((sum, l) => sum + l.differences, 0),
  };
}

const sumBy = (amounts: ReadonlyMap<number, number>, key: (k: number) => number): ReadonlyMap<number, number> => {
  const sums = new Map<number, number>();
  for (const [k, amount] of amounts) sums.set(key(k), (sums.get(key(k)) ?? 0) + amount);
  return sums;
};

const storedDays = async (
  db: Kysely<Tables>,
  site: DirectorySite,
  mounting: string,
): Promise<ReadonlyMap<number, number>> =>
  new Map(
    (
      await db
        .selectFrom('mounting_day')
        .select(['day', 'amount'])
        .where('site', '=', site.registry.site.id)
        .where('mounting', '=', mounting)
        .execute()
    ).map((r) => [r.day, r.amount]),
  );

/** A point is the sum of its meters, a formula the signed sum of its points. */
async function pointsLayer(db: Kysely<Tables>, site: DirectorySite): Promise<Layer> {
  const layer = layerOf('meters-points');
  const id = site.registry.site.id;
  for (const point of site.registry.points) {
    const stored = await sumsByDay(
      sql`select day, amount from usage_day where site = ${id} and point = ${point.id}`,
      db,
    );
    const terms = point.terms ?? [];
    const parts = await sumsByDay(
      point.role === 'formula'
        ? sql`select u.day, sum(t.sign * u.amount) as amount from usage_day u join unnest(${terms.map((t) => t.point)}::text[], ${terms.map((t) => t.sign)}::int4[]) as t(point, sign) using (point)
            where u.site = ${id} group by u.day`
        : sql`select day, sum(amount) as amount from mounting_day where site = ${id} and mounting = any(${mountingsOf(site, point.id)}::text[]) group by day`,
      db,
    );
    for (const day of new Set([...stored.keys(), ...parts.keys()]))
      compare(layer, `${point.id} ${formatDay(day)}`, stored.get(day) ?? NaN, parts.get(day) ?? NaN);
  }
  return layer;
}

/** What parties bear of a point adds up to the point, each day. */
async function partiesLayer(db: Kysely<Tables>, site: DirectorySite): Promise<Layer> {
  const layer = layerOf('points-institutions');
  const id = site.registry.site.id;
  for (const point of site.registry.points) {
    const sign = point.role === 'export' ? -1 : 1;
    const stored = await sumsByDay(
      sql`select day, amount from usage_day where site = ${id} and point = ${point.id}`,
      db,
    );
    const parts = await sumsByDay(
      sql`select day, sum(amount) as amount from allocation_day where site = ${id} and point = ${point.id} group by day`,
      db,
    );
    for (const day of new Set([...stored.keys(), ...parts.keys()]))
      compare(layer, `${point.id} ${formatDay(day)}`, parts.get(day) ?? 0, sign * (stored.get(day) ?? 0));
  }
  return layer;
}

/** What a party bears of all points of a carrier is what it bears of each of them. */
async function totalsLayer(db: Kysely<Tables>, site: DirectorySite): Promise<Layer> {
  const layer = layerOf('institutions-days');
  const id = site.registry.site.id;
  for (const [carrier, points] of countedByCarrier(site)) {
    for (const party of partiesOf(site)) {
      const stored = await sumsByDay(
        sql`select day, amount from party_day where site = ${id} and party = ${party} and carrier = ${carrier}`,
        db,
      );
      const parts = await sumsByDay(
        sql`select day, sum(amount) as amount from allocation_day
            where site = ${id} and party = ${party} and point = any(${points.map((p) => p.id)}::text[]) group by day`,
        db,
      );
      for (const day of new Set([...stored.keys(), ...parts.keys()]))
        compare(layer, `${party} ${carrier} ${formatDay(day)}`, stored.get(day) ?? NaN, parts.get(day) ?? NaN);
    }
  }
  return layer;
}

const countedByCarrier = ({ registry }: DirectorySite): ReadonlyMap<Carrier, readonly Point[]> =>
  Map.groupBy(
    registry.points.filter((p) => signOf(p.role) !== 0),
    (p) => p.carrier,
  );

const partiesOf = ({ registry }: DirectorySite): readonly string[] => [
  ...registry.institutions.map((i) => i.id),
  UNALLOCATED,
];

/** Institutions and unallocated add up to the site, per carrier and month. */
async function siteLayer(db: Kysely<Tables>, site: DirectorySite, zone: Zone): Promise<Layer> {
  const layer = layerOf('institutions-site');
  const id = site.registry.site.id;
  const parties = partiesOf(site);
  for (const [carrier, points] of countedByCarrier(site)) {
    const ids = points.map((p) => p.id);
    const exports = points.filter((p) => p.role === 'export').map((p) => p.id);
    const whole = await sumsByDay(
      sql`select day, sum(case when point = any(${exports}::text[]) then -amount else amount end) as amount from usage_day where site = ${id} and point = any(${ids}::text[]) group by day`,
      db,
    );
    const parts = await sumsByDay(
      sql`select day, sum(amount) as amount from allocation_day where site = ${id} and point = any(${ids}::text[]) and party = any(${parties}::text[]) group by day`,
      db,
    );
    const months = sumBy(parts, monthOfDay);
    for (const [month, amount] of sumBy(whole, monthOfDay))
      compare(layer, `${carrier} ${formatDay(firstDayOfMonth(month))} (${zone.name})`, months.get(month) ?? 0, amount);
  }
  return layer;
}

async function sumsByDay(query: ReturnType<typeof sql>, db: Kysely<Tables>): Promise<ReadonlyMap<number, number>> {
  const { rows } = await query.execute(db);
  // the queries above select day and amount; sums of int8 are numeric and come as text
  return new Map((rows as readonly { day: number; amount: number | string }[]).map((r) => [r.day, Number(r.amount)]));
}
