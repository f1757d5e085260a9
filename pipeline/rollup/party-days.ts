import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Carrier } from '#domain';
import type { Split } from '../answers.ts';
import type { Tables } from '../books/tables.ts';
import { NO_SPLIT, type SplitDay, splitLike } from './split.ts';

type Tx = Transaction<Tables>;

/** A part that a party bears, which was written or deleted. */
export interface TouchedPart {
  readonly party: string;
  readonly day: number;
  readonly point: string;
}

/** A point's day of which a part must be split like it: some of it is not measured. */
const MIXED = sql`amount <> 0 and (measured <> amount or interpolated <> 0 or manual <> 0 or disputed <> 0)`;

/** Points that count into totals, with their carriers. */
export type Counted = ReadonlyMap<string, Carrier>;

/** Leaves the days of these parts to be added up later, also where their points count no more or as another carrier; until then whoever asks looks at the parts. */
export async function leavePartyDays(
  tx: Tx,
  site: string,
  counted: Counted,
  touched: readonly TouchedPart[],
): Promise<void> {
  const days = new Map(touched.map(({ party, day }) => [`${party} ${day}`, { party, day }]));
  const open = [...days.values()];
  await sql`
    update party_day d set plain = null
    from unnest(${open.map((r) => r.party)}::text[], ${open.map((r) => r.day)}::int4[]) as t(party, day)
    where d.site = ${site} and d.party = t.party and d.day = t.day and d.plain is not null`.execute(tx);
  const rows = new Map(
    touched.flatMap(({ party, day, point }) => {
      const carrier = counted.get(point);
      return carrier === undefined ? [] : [[`${party} ${carrier} ${day}`, { party, carrier, day }] as const];
    }),
  );
  const fresh = [...rows.values()];
  await sql`
    insert into party_day (site, party, carrier, day, amount, plain)
    select ${site}, *, 0, null
    from unnest(${fresh.map((r) => r.party)}::text[], ${fresh.map((r) => r.carrier)}::text[], ${fresh.map((r) => r.day)}::int4[])
    on conflict (site, party, carrier, day) do nothing`.execute(tx);
}

/**
 * Adds up anew what parties bear, of all points that count, by carrier, on the days of these parts and on those that were left: a year of an institution is then a year's rows,
 * however many meters it has. A day is `plain` where all that it adds up is measured throughout; of another day the split is found in its parts.
 */
export async function settlePartyDays(
  tx: Tx,
  site: string,
  counted: Counted,
  touched: readonly TouchedPart[],
): Promise<void> {
  const { rows: open } = await sql<{ party: string; day: number }>`
    select distinct party, day from party_day where site = ${site} and plain is null`.execute(tx);
  const all = [...touched, ...open];
  if (all.length === 0) return;
  const parties = [...new Set(all.map(({ party }) => party))];
  const days = [...new Set(all.map(({ day }) => day))];
  const these = sql`site = ${site} and party = any(${parties}::text[]) and day = any(${days}::int4[])`;
  await sql`
    with part as (
      select a.party, c.carrier, a.day, a.amount, u.plain
      from (select party, day, point, amount from allocation_day where ${these}) a
        join unnest(${[...counted.keys()]}::text[], ${[...counted.values()]}::text[]) as c(point, carrier) using (point)
        left join lateral (
          select not (${MIXED}) as plain
          from usage_day where site = ${site} and point = a.point and day = a.day offset 0) u on true),
    total as (
      select party, carrier, day, sum(amount)::int8 as amount, bool_and(coalesce(plain, true)) as plain from part group by party, carrier, day),
    gone as (
      delete from party_day d where ${these}
        and not exists (select from total t where t.party = d.party and t.carrier = d.carrier and t.day = d.day))
    insert into party_day as d (site, party, carrier, day, amount, plain)
    select ${site}, party, carrier, day, amount, plain from total
    on conflict (site, party, carrier, day) do update set amount = excluded.amount, plain = excluded.plain
      where d.amount <> excluded.amount or d.plain is distinct from excluded.plain`.execute(tx);
}

/** What a party bears each day of all points that count, of one carrier, split by quality. */
export async function loadPartyTotals(
  db: Kysely<Tables>,
  site: string,
  party: string,
  carrier: Carrier,
  points: readonly string[],
  fromDay: number,
  toDay: number,
): Promise<readonly SplitDay[]> {
  const { rows } = await sql<{
    readonly day: number;
    readonly amount: number;
    readonly plain: boolean;
  }>`/* party-days */
    select day, amount, plain from party_day
    where site = ${site} and party = ${party} and carrier = ${carrier} and ${between(fromDay, toDay)}`.execute(db);
  const plain = rows.filter((r) => r.plain);
  const others = rows.filter((r) => !r.plain).map(({ day }) => day);
  const parts =
    others.length === 0 ? [] : await loadPartySplits(db, site, party, points, sql`day = any(${others}::int4[])`);
  return [...plain.map(({ day, amount }) => ({ day, amount, split: { ...NO_SPLIT, measured: amount } })), ...parts];
}

/** Days [fromDay, toDay), as a condition. */
export const between = (fromDay: number, toDay: number): RawBuilder<unknown> =>
  sql`day >= ${fromDay} and day < ${toDay}`;

/**
 * `partySplitsOf`, with what needs no arithmetic added up by the database. Nearly every whole is measured throughout, and so is each part of it: what counts is the few
 * that are not. A part of these that is the whole, or the whole of an export, is split as that is; the others come one by one, with their `whole`. Each is looked up, not
 * joined: a join of so many pairs is a plan that a database with poor statistics gets wrong.
 */
export async function loadPartySplits(
  db: Kysely<Tables>,
  site: string,
  party: string,
  points: readonly string[],
  days: RawBuilder<unknown>,
): Promise<readonly SplitDay[]> {
  const { rows } = await sql<Split & { readonly day: number; readonly amount: number; readonly whole: number | null }>`
    with mixed as (
      select day, point, amount as whole, measured, interpolated, manual, disputed from usage_day
      where site = ${site} and point = any(${points}::text[]) and ${days} and ${MIXED}),
    part as (
      select *, case when abs(amount) = abs(whole) and measured + interpolated + manual + disputed = whole then amount / whole end as sign
      from mixed m cross join lateral (
        select amount from allocation_day where site = ${site} and party = ${party} and day = m.day and point = m.point offset 0) a)
    select day, sum(amount)::int8 as amount, null::int8 as whole, sum(amount)::int8 as measured, 0::int8 as interpolated, 0::int8 as manual, 0::int8 as disputed
    from allocation_day where site = ${site} and party = ${party} and point = any(${points}::text[]) and ${days} group by day
    union all select day, 0, null, sum(sign * measured - amount)::int8, sum(sign * interpolated)::int8, sum(sign * manual)::int8, sum(sign * disputed)::int8
    from part where sign is not null group by day
    union all select day, amount, whole, measured, interpolated, manual, disputed from part where sign is null`.execute(
    db,
  );
  return rows.map(({ day, amount, whole, measured, interpolated, manual, disputed }) => {
    const split = { measured, interpolated, manual, disputed };
    if (whole === null) return { day, amount, split };
    // counted as measured among the sums
    const own = splitLike(amount, { amount: whole, ...split });
    return { day, amount: 0, split: { ...own, measured: own.measured - amount } };
  });
}
