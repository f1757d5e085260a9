import { type Kysely, sql } from 'kysely';
import type { Tables } from '../books/tables.ts';

/** Amounts of a party by point and local month: what years, rolling years and months are added up from. */
export type MonthAmounts = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Months `from` ≤ month < `to` by their days. */
export async function partyMonths(
  db: Kysely<Tables>,
  site: string,
  party: string,
  fromDay: number,
  toDay: number,
): Promise<MonthAmounts> {
  const { rows } = await sql<{ point: string; month: number; amount: number }>`
    select point, (extract(year from d) * 12 + extract(month from d) - 1)::int4 as month, sum(amount)::int8 as amount
    from allocation_day cross join lateral (select date '1970-01-01' + day as d) as dated
    where site = ${site} and party = ${party} and day >= ${fromDay} and day < ${toDay}
    group by 1, 2`.execute(db);
  const points = new Map<string, Map<number, number>>();
  for (const { point, month, amount } of rows) {
    const months = points.get(point) ?? new Map<number, number>();
    months.set(month, amount);
    points.set(point, months);
  }
  return points;
}

/** Sum over months `from` ≤ month < `to`; undefined where no month of them has a row. */
export function sumOf(amounts: MonthAmounts, point: string, from: number, to: number): number | undefined {
  let sum: number | undefined;
  for (const [month, amount] of amounts.get(point) ?? []) if (month >= from && month < to) sum = (sum ?? 0) + amount;
  return sum;
}
