import { type Kysely, sql } from 'kysely';
import {
  DAY,
  dayStart,
  firstDayOfMonth,
  HOUR,
  type Point,
  type SiteFacts,
  type Tariff,
  UNALLOCATED,
  zoneOf,
} from '#domain';
import { costOfDays, type DayUse, type PointCost } from '../../rules/cost/index.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { amountsBetween } from '../rollup/hours.ts';

type Db = Kysely<Tables>;

/** Cost of a point in a year with the parts of its parties. */
export interface CostedPoint {
  readonly point: Point;
  readonly tariff: Tariff;
  readonly cost: PointCost;
  /** Amounts by day and party; a day's add up to the point's. */
  readonly parts: ReadonlyMap<number, ReadonlyMap<string, number>>;
}

/** Points to which the facts give a tariff. */
export function pricedPoints(
  { registry }: DirectorySite,
  facts: SiteFacts,
): readonly Pick<CostedPoint, 'point' | 'tariff'>[] {
  const tariffs = new Map(facts.tariffs.map((tariff) => [tariff.id, tariff]));
  return facts.points.flatMap(({ point: id, tariff: name }) => {
    const point = registry.points.find((p) => p.id === id);
    const tariff = name === undefined ? undefined : tariffs.get(name);
    return point && tariff ? [{ point, tariff }] : [];
  });
}

/** Every priced point of which the party has a part in the calendar year, with its whole cost. */
export async function costedPoints(
  db: Db,
  site: DirectorySite,
  facts: SiteFacts,
  party: string,
  year: number,
  now: number,
): Promise<readonly CostedPoint[]> {
  const priced = pricedPoints(site, facts);
  const span = { from: firstDayOfMonth(year * 12), to: firstDayOfMonth((year + 1) * 12) };
  const parts = await partsOf(
    db,
    site.registry.site.id,
    priced.map(({ point }) => point.id),
    party,
    span,
  );
  const result: CostedPoint[] = [];
  for (const { point, tariff } of priced) {
    const own = parts.get(point.id);
    if (!own) continue;
    const timeOfUse = tariff.terms.some(({ value }) => value.kind === 'time-of-use');
    const hours = timeOfUse ? await hoursOf(db, site, point, [...own.keys()], now) : undefined;
    const days = [...own].map(([day, byParty]): DayUse => ({
      day,
      amount: [...byParty.values()].reduce((a, b) => a + b, 0),
      hours: hours?.get(day),
    }));
    result.push({ point, tariff, cost: costOfDays(tariff, days), parts: own });
  }
  return result;
}

/** Of the points in which the party has a part: by point, day (rising) and party (unallocated last, others by id). */
async function partsOf(
  db: Db,
  site: string,
  points: readonly string[],
  of: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ReadonlyMap<string, Map<number, Map<string, number>>>> {
  const { rows } = await sql<{ point: string; day: number; party: string; amount: number }>`
    select point, day, party, amount from allocation_day
    where site = ${site} and day >= ${from} and day < ${to} and point in (
      select distinct point from allocation_day
      where site = ${site} and party = ${of} and point = any(${points}::text[]) and day >= ${from} and day < ${to})
    order by point, day, party = ${UNALLOCATED}, party`.execute(db);
  const all = new Map<string, Map<number, Map<string, number>>>();
  for (const { point, day, party, amount } of rows) {
    const days = all.get(point) ?? new Map<number, Map<string, number>>();
    const parties = days.get(day) ?? new Map<string, number>();
    parties.set(party, amount);
    days.set(day, parties);
    all.set(point, days);
  }
  return all;
}

/** Use by local hour of the days that have 24 of them; days rise. */
async function hoursOf(
  db: Db,
  site: DirectorySite,
  point: Point,
  days: readonly number[],
  now: number,
): Promise<ReadonlyMap<number, Float64Array>> {
  const zone = zoneOf(site.registry.site.zone);
  const [first, last] = [days[0], days.findLast((day) => dayStart(day + 1, zone) <= now + DAY)];
  if (first === undefined || last === undefined) return new Map();
  const cuts: number[] = [];
  const whole: (readonly [day: number, at: number])[] = [];
  for (let day = first; day <= last; day++) {
    const [from, to] = [dayStart(day, zone), dayStart(day + 1, zone)];
    if (to - from === DAY) whole.push([day, cuts.length]);
    for (let at = from; at < to; at += HOUR) cuts.push(at);
  }
  cuts.push(dayStart(last + 1, zone));
  const amounts = await amountsBetween(db, site, point, Float64Array.from(cuts));
  return new Map(whole.map(([day, at]) => [day, amounts.subarray(at, at + 24)]));
}
