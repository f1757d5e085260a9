import { type Kysely, sql } from 'kysely';
import { type Carrier, HOUR, type Interval, type Registry } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { Edition, EvidenceOutline } from './coverage.ts';
import { between, loadPartySplits, loadPartyTotals } from './party-days.ts';
import { NO_SPLIT, type SplitDay, splitLike } from './split.ts';

/** A point's usage of a local day with its split. */
export interface PointDay {
  readonly point: string;
  readonly day: number;
  readonly amount: number;
  readonly measured: number;
  readonly interpolated: number;
  readonly manual: number;
  readonly disputed: number;
}

/** A party's part of a point's usage of a local day; signed. */
export interface PartyDay {
  readonly party: string;
  readonly point: string;
  readonly day: number;
  readonly amount: number;
}

/** Where day figures come from: the live books, or a closed month. */
export interface DaySource {
  readonly version: string;
  readonly edition: Edition;
  readonly registry: Registry;
  /** "Now" of the figures: the clock, or the instant of the close. */
  readonly now: number;
  /** Throws OUTSIDE_VERSION where a closed month is asked for other days, [fromDay, toDay). Estimates look at days before it. */
  readonly holds: (fromDay: number, toDay: number) => void;
  readonly pointDays: (points: readonly string[], fromDay: number, toDay: number) => Promise<readonly PointDay[]>;
  readonly partyDays: (
    party: string,
    points: readonly string[],
    fromDay: number,
    toDay: number,
  ) => Promise<readonly PartyDay[]>;
  /** The party's parts, each split by quality like the point's whole (splitLike); parts of a day may be added up. */
  readonly partySplits: (
    party: string,
    points: readonly string[],
    fromDay: number,
    toDay: number,
  ) => Promise<readonly SplitDay[]>;
  /** The same of all points that count, of one carrier: `points`. */
  readonly partyTotals: (
    party: string,
    carrier: Carrier,
    points: readonly string[],
    fromDay: number,
    toDay: number,
  ) => Promise<readonly SplitDay[]>;
  readonly mountingDays: (mountings: readonly string[], fromDay: number, toDay: number) => Promise<readonly PointDay[]>;
  readonly outlines: (mountings: readonly string[], period: Interval) => Promise<readonly EvidenceOutline[]>;
}

export function liveSource(db: Kysely<Tables>, registry: Registry, now: number): DaySource {
  const site = registry.site.id;
  return {
    version: 'live',
    edition: 2,
    registry,
    now,
    holds: () => undefined,
    pointDays: async (points, fromDay, toDay) => {
      const { rows } = await sql<PointDay>`
        select point, day, amount, measured, interpolated, manual, disputed from usage_day
        where site = ${site} and point = any(${points}::text[]) and day >= ${fromDay} and day < ${toDay} order by point, day`.execute(
        db,
      );
      return rows;
    },
    partyDays: async (party, points, fromDay, toDay) => {
      const { rows } = await sql<PartyDay>`
        select party, point, day, amount from allocation_day
        where site = ${site} and party = ${party} and point = any(${points}::text[]) and day >= ${fromDay} and day < ${toDay} order by point, day`.execute(
        db,
      );
      return rows;
    },
    partySplits: (party, points, fromDay, toDay) => loadPartySplits(db, site, party, points, between(fromDay, toDay)),
    partyTotals: (party, carrier, points, fromDay, toDay) =>
      loadPartyTotals(db, site, party, carrier, points, fromDay, toDay),
    mountingDays: async (mountings, fromDay, toDay) => {
      const { rows } = await sql<PointDay>`
        select mounting as point, day, amount, measured, interpolated, 0::int8 as manual, disputed from mounting_day
        where site = ${site} and mounting = any(${mountings}::text[]) and day >= ${fromDay} and day < ${toDay} order by mounting, day`.execute(
        db,
      );
      return rows;
    },
    outlines: (mountings, period) => loadOutlines(db, site, mountings, period),
  };
}

/** Each part of a point's day with the split of its own, found in the point's day. */
export function partySplitsOf(parties: readonly PartyDay[], points: readonly PointDay[]): readonly SplitDay[] {
  const whole = new Map(points.map((d) => [`${d.point} ${d.day}`, d]));
  return parties.map(({ point, day, amount }) => {
    const d = whole.get(`${point} ${day}`);
    return { day, amount, split: d ? splitLike(amount, d) : { ...NO_SPLIT, measured: amount } };
  });
}

export async function loadOutlines(
  db: Kysely<Tables>,
  site: string,
  mountings: readonly string[],
  { from, to }: Interval,
): Promise<readonly EvidenceOutline[]> {
  // a slot at an end of the period may reach out of it; looked up for each mounting: joined, the findings of the whole site may be read
  const { rows } = await sql<{
    mounting: string;
    first: number;
    last: number;
    from: number | null;
    to: number;
    open: boolean;
  }>`/* outlines */
    select e.mounting, e.first_at as first, e.last_at as last, f.from_at as "from", f.to_at as "to", f.kind = 'break' and not f.explained as open
    from evidence e left join lateral (
      select from_at, to_at, kind, explained from finding where site = e.site and mounting = e.mounting and kind in ('gap', 'break')
        and to_at > ${from - HOUR} and from_at < ${to + HOUR} offset 0) f on true
    where e.site = ${site} and e.mounting = any(${mountings}::text[]) order by e.mounting, f.from_at`.execute(db);
  return [...Map.groupBy(rows, (r) => r.mounting)].map(([mounting, of]) => {
    const found = of.flatMap(({ from: at, to: until, open }) => (at === null ? [] : [{ from: at, to: until, open }]));
    const [first] = of;
    return {
      mounting,
      evidence: { from: first?.first ?? 0, to: first?.last ?? 0 },
      gaps: found.filter((f) => !f.open),
      breaks: found.filter((f) => f.open),
    };
  });
}
