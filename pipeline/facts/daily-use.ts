import { type Kysely, sql } from 'kysely';
import { type Carrier, dayStart, type Point, zoneOf } from '#domain';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { coverageOf, evidenceOf, type EvidenceOutline } from '../rollup/coverage.ts';
import { loadOutlines } from '../rollup/source.ts';
import { borneMeters, metersBehind } from '../rollup/subject.ts';
import { dividedShare } from '../rollup/telling.ts';
import { bears, indexOf } from '../rollup/site-index.ts';
import { signOf } from '../rollup/totals.ts';
import type { DaySpan } from './temperature.ts';

/** Under this share of evidenced time at any of its meters a day's use is not known. */
export const LEAST_DAY_COVERAGE = 0.9;

export interface DailyUse {
  /** Base units by local day; days that are not evidenced are absent. */
  readonly days: ReadonlyMap<number, number>;
  /** Points that it is the sum of. */
  readonly points: readonly string[];
}

/** Daily use of a carrier by the institution, or by the whole site, over days that have ended. */
export async function dailyUse(
  db: Kysely<Tables>,
  site: DirectorySite,
  institution: string | undefined,
  carrier: Carrier,
  span: DaySpan,
): Promise<DailyUse> {
  const { registry } = site;
  const borne = institution === undefined ? registry.points : (indexOf(site).borne.get(institution) ?? []);
  const counted = borne.filter(
    (p) =>
      p.carrier === carrier && signOf(p.role) !== 0 && (institution === undefined || bears(site, institution, p, span)),
  );
  const signs = new Map(counted.map((p) => [p.id, signOf(p.role)]));
  const [rows, metersOf] = await Promise.all([
    dayRows(db, registry.site.id, institution, [...signs.keys()], span),
    readMeters(db, site, institution, counted, span),
  ]);
  // before a meter's first reading its point is not there; one that fell silent lacks
  const end = dayStart(span.to, zoneOf(registry.site.zone));
  const points = counted.filter((point) =>
    metersOf.own(point).some((of) => of.some(({ evidence }) => evidence.from < end)),
  );
  const evidenced = evidencedDays(site, points.flatMap(metersOf.own), points.flatMap(metersOf.divided), span);
  const days = new Map<number, number>();
  for (const { day, point, amount } of rows) {
    if (!evidenced.has(day)) continue;
    // what is allocated has its sign already
    const sign = institution === undefined ? (signs.get(point) ?? 1) : 1;
    days.set(day, (days.get(day) ?? 0) + sign * amount);
  }
  return { days, points: points.map(({ id }) => id) };
}

interface DayRow {
  readonly point: string;
  readonly day: number;
  readonly amount: number;
}

/** Nobody's part of a day without use is kept: it is 0 for each that bears the point. */
async function dayRows(
  db: Kysely<Tables>,
  site: string,
  institution: string | undefined,
  points: readonly string[],
  { from, to }: DaySpan,
): Promise<readonly DayRow[]> {
  const { rows } =
    institution === undefined
      ? await sql<DayRow>`
          select point, day, amount from usage_day
          where site = ${site} and point = any(${points}::text[]) and day >= ${from} and day < ${to}`.execute(db)
      : await sql<DayRow>`
          select u.point, u.day, coalesce(a.amount, 0)::int8 as amount from usage_day u
          left join allocation_day a on a.site = u.site and a.party = ${institution} and a.day = u.day and a.point = u.point
          where u.site = ${site} and u.point = any(${points}::text[]) and u.day >= ${from} and u.day < ${to}
            and (a.amount is not null or u.amount = 0)`.execute(db);
  return rows;
}

type Meters = readonly (readonly EvidenceOutline[])[];

/** Meters that divide points for a time. */
type Divided = Parameters<typeof dividedShare>[0];

interface MetersOf {
  readonly own: (point: Point) => Meters;
  readonly divided: (point: Point) => Divided;
}

/** The evidence of each point's meters, and of those by which it is divided. */
async function readMeters(
  db: Kysely<Tables>,
  site: DirectorySite,
  party: string | undefined,
  points: readonly Point[],
  span: DaySpan,
): Promise<MetersOf> {
  const zone = zoneOf(site.registry.site.zone);
  const behind = new Map(points.map((point) => [point, metersBehind(site, point)]));
  const borne = new Map(points.map((point) => [point, borneMeters(site, { party, terms: [{ point }] })]));
  const dividers = [...borne.values()].flat().flatMap((of) => of.dividers);
  const mountings = [...new Set([...[...behind.values()].flat(), ...dividers].flatMap((of) => of.mountings))];
  const whole = { from: dayStart(span.from, zone), to: dayStart(span.to, zone) };
  const outlines = mountings.length === 0 ? [] : await loadOutlines(db, site.registry.site.id, mountings, whole);
  const evidence = evidenceOf(outlines);
  return {
    own: (point) => evidence(behind.get(point) ?? []),
    divided: (point) =>
      (borne.get(point) ?? []).map((of) => ({ from: of.from, to: of.to, dividers: evidence(of.dividers) })),
  };
}

/** Days on which each meter is evidenced enough: what a silent one used, or would divide, is not known by the day. */
function evidencedDays(site: DirectorySite, meters: Meters, divided: Divided, span: DaySpan): ReadonlySet<number> {
  const zone = zoneOf(site.registry.site.zone);
  if (meters.length === 0) return new Set();
  const days = Array.from({ length: span.to - span.from }, (_, i) => span.from + i);
  return new Set(
    days.filter((day) => {
      const period = { from: dayStart(day, zone), to: dayStart(day + 1, zone) };
      return (
        meters.every((each) => coverageOf([each], period, period.to, site.slotMs) >= LEAST_DAY_COVERAGE) &&
        dividedShare(divided, period, site.slotMs) >= LEAST_DAY_COVERAGE
      );
    }),
  );
}
