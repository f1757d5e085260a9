import { type Kysely, sql } from 'kysely';
import { firstDayOfMonth } from '#domain';
import type { Tables } from '../books/tables.ts';

/** Months since year 0, `from` included, `to` not. */
export interface MonthSpan {
  readonly from: number;
  readonly to: number;
}

export const monthsOf = ({ from, to }: MonthSpan): readonly number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

/** Amounts of a party by point and local month: what years, rolling years and months are added up from. */
export type MonthAmounts = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Months `from` ≤ month < `to`. */
export async function partyMonths(
  db: Kysely<Tables>,
  site: string,
  party: string,
  from: number,
  to: number,
): Promise<MonthAmounts> {
  const starts = Array.from({ length: to - from + 1 }, (_, i) => firstDayOfMonth(from + i));
  // width_bucket numbers the months from 1 by the first days given: ten times cheaper than a calendar per row
  const { rows } = await sql<{ point: string; nth: number; amount: number }>`
    select point, width_bucket(day, ${starts}::int4[]) as nth, sum(amount)::int8 as amount from allocation_day
    where site = ${site} and party = ${party} and day >= ${starts[0]} and day < ${starts.at(-1)}
    group by 1, 2`.execute(db);
  const points = new Map<string, Map<number, number>>();
  for (const { point, nth, amount } of rows) {
    const months = points.get(point) ?? new Map<number, number>();
    months.set(from + nth - 1, amount);
    points.set(point, months);
  }
  return points;
}

/** Sum over months `from` ≤ month < `to`; undefined where no month of them has a row. */
export function sumOf(amounts: MonthAmounts, point: string, from: number, to: number): number | undefined {
  const months = amounts.get(point);
  if (!months) return undefined;
  let sum: number | undefined;
  for (let month = from; month < to; month++) {
    const amount = months.get(month);
    if (amount !== undefined) sum = (sum ?? 0) + amount;
  }
  return sum;
}

/** The spans within a span in which no month of a point has a row. */
export function spansWithoutRows(amounts: MonthAmounts, point: string, { from, to }: MonthSpan): readonly MonthSpan[] {
  const booked = [...(amounts.get(point)?.keys() ?? [])].toSorted((a, b) => a - b);
  return [from - 1, ...booked]
    .map((last, i) => ({ from: last + 1, to: booked[i] ?? to }))
    .filter((span) => span.from < span.to);
}

/** Of points and spans the months in which the point's meters counted something, forward or back. */
export async function busyMonths(
  db: Kysely<Tables>,
  site: string,
  asked: readonly (MonthSpan & { readonly point: string })[],
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  if (asked.length === 0) return new Map();
  const whole = { from: Math.min(...asked.map(({ from }) => from)), to: Math.max(...asked.map(({ to }) => to)) };
  const starts = monthsOf(whole).map(firstDayOfMonth);
  // lateral and distinct: a join would be planned over all days of the site
  const { rows } = await sql<{ point: string; nth: number }>`
    select a.point, busy.nth from unnest(
      ${asked.map(({ point }) => point)}::text[],
      ${asked.map(({ from }) => firstDayOfMonth(from))}::int4[], ${asked.map(({ to }) => firstDayOfMonth(to))}::int4[]
    ) as a(point, first, next)
    cross join lateral (
      select distinct width_bucket(u.day, ${starts}::int4[]) as nth from usage_day u
      where u.site = ${site} and u.point = a.point and u.day >= a.first and u.day < a.next and u.amount <> 0
    ) as busy`.execute(db);
  const months = new Map<string, Set<number>>();
  for (const { point, nth } of rows) months.set(point, (months.get(point) ?? new Set()).add(whole.from + nth - 1));
  return months;
}
