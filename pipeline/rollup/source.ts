import { type Kysely, sql } from 'kysely';
import { HOUR, type Interval, type Registry } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { EvidenceOutline } from './coverage.ts';

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
  readonly mountingDays: (mountings: readonly string[], fromDay: number, toDay: number) => Promise<readonly PointDay[]>;
  readonly outlines: (mountings: readonly string[], period: Interval) => Promise<readonly EvidenceOutline[]>;
}

export function liveSource(db: Kysely<Tables>, registry: Registry, now: number): DaySource {
  const site = registry.site.id;
  return {
    version: 'live',
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

export async function loadOutlines(
  db: Kysely<Tables>,
  site: string,
  mountings: readonly string[],
  { from, to }: Interval,
): Promise<readonly EvidenceOutline[]> {
  const evidence = await db
    .selectFrom('evidence')
    .selectAll()
    .where('site', '=', site)
    .where('mounting', 'in', [...mountings, ''])
    .execute();
  const findings = await db
    .selectFrom('finding')
    .select(['mounting', 'kind', 'from_at', 'to_at', 'explained'])
    .where('site', '=', site)
    .where('mounting', 'in', [...mountings, ''])
    .where('kind', 'in', ['gap', 'break'])
    // a slot at an end of the period may reach out of it
    .where('to_at', '>', from - HOUR)
    .where('from_at', '<', to + HOUR)
    .orderBy('from_at')
    .execute();
  const of = (mounting: string, open: boolean): readonly Interval[] =>
    findings
      .filter((f) => f.mounting === mounting && (f.kind === 'break' && !f.explained) === open)
      .map((f) => ({ from: f.from_at, to: f.to_at }));
  return evidence
    .map((e) => ({
      mounting: e.mounting,
      evidence: { from: e.first_at, to: e.last_at },
      gaps: of(e.mounting, false),
      breaks: of(e.mounting, true),
    }))
    .sort((a, b) => (a.mounting < b.mounting ? -1 : 1));
}
