import { type Kysely, sql } from 'kysely';
import {
  DAY,
  dayStart,
  type GaugeSlot,
  HOUR,
  localDay,
  registerKey,
  type SiteFacts,
  TEMPERATURE_UNIT,
  type TemperatureSource,
  type Zone,
  zoneOf,
} from '#domain';
import { decodeGauges } from '../books/codec.ts';
import { partOf } from '../books/packed.ts';
import { isPassing } from '../books/passing.ts';
import type { Tables } from '../books/tables.ts';
import { factsOf } from './facts.ts';
import { type DayMean, hoursOf, LEAST_HOURS } from './temperature-draft.ts';

type Db = Kysely<Tables>;
type Gauge = Extract<TemperatureSource, { readonly kind: 'gauge' }>;

/** Name of a gauge's days in the table of series; no imported series has a colon. */
export const gaugeSeries = ({ device, register }: Gauge): string => `gauge:${registerKey(device, register)}`;

/** Whole local days of [from, to) that the gauge's slots in the books give: mean of the hours, an hour's mean half of least and greatest. A row that cannot be read is passed over where it can be told. */
export async function gaugeDays(
  db: Db,
  site: string,
  { device, register }: Gauge,
  zone: Zone,
  { from, to }: { readonly from: number; readonly to: number },
  unreadable?: (error: unknown) => void,
): Promise<readonly DayMean[]> {
  const place = await db
    .selectFrom('register')
    .innerJoin('device', 'device.key', 'register.device_key')
    .select(['register.device_key', 'register.ordinal'])
    .where('device.site', '=', site)
    .where('device.id', '=', device)
    .where('register.name', '=', register)
    .where('register.kind', '=', 'gauge')
    .where('register.unit', '=', TEMPERATURE_UNIT)
    .executeTakeFirst();
  if (!place) return [];
  const [start, end] = [dayStart(from, zone), dayStart(to, zone)];
  const rows = await db
    .selectFrom('gauge')
    .select(['day', 'payload'])
    .where('device_key', '=', place.device_key)
    .where('part', '=', partOf(place.ordinal))
    .where('day', '>=', Math.floor(start / DAY))
    .where('day', '<=', Math.floor(end / DAY))
    .orderBy('day')
    .execute();
  const slots = rows.flatMap(({ day, payload }) => {
    try {
      return decodeGauges(day, payload).get(place.ordinal) ?? [];
    } catch (error) {
      if (!unreadable) throw error;
      unreadable(error);
      return [];
    }
  });
  return dayMeans(
    slots.filter((slot) => slot.start >= start && slot.start < end),
    zone,
  );
}

/** Days with nine in ten of their hours; the others are none. */
export function dayMeans(slots: readonly GaugeSlot[], zone: Zone): readonly DayMean[] {
  const days = Map.groupBy(slots, (slot) => localDay(slot.start, zone));
  return [...days].flatMap(([day, each]) => {
    const hours = [...Map.groupBy(each, (slot) => Math.floor(slot.start / HOUR)).values()].map(middleOf);
    const of = hoursOf(day, zone);
    if (hours.length < LEAST_HOURS * of) return [];
    const mean = hours.reduce((sum, one) => sum + one, 0) / hours.length;
    return [{ day, millidegrees: Math.round(mean), row: 0, hours: hours.length, of }];
  });
}

const middleOf = (slots: readonly GaugeSlot[]): number =>
  slots.reduce((sum, { min, max }) => sum + (min + max) / 2, 0) / slots.length;

/** Local days before today that are looked at: gauges are kept for about ninety. */
const LOOKED_AT = 130;

/**
 * Keeps the days of each site's temperature gauge, because gauges are dropped after their time and a baseline needs years. A day with more
 * hours than the one kept takes its place. What cannot be read is told, and keeps nothing else. Answers how many were written.
 */
export async function keepGaugeDays(
  db: Db,
  now: number,
  failed: (site: string, error: unknown) => void,
): Promise<number> {
  const sites = await db.selectFrom('site').select(['id', 'zone']).execute();
  let written = 0;
  for (const { id, zone } of sites) {
    try {
      const source = temperatureGauge((await factsOf(db, id))?.facts);
      if (source) written += await keepDays(db, id, source, zoneOf(zone), now, (error) => failed(id, error));
    } catch (error) {
      if (isPassing(error)) throw error;
      failed(id, error);
    }
  }
  return written;
}

const temperatureGauge = (facts: SiteFacts | undefined): Gauge | undefined =>
  facts?.temperature?.kind === 'gauge' ? facts.temperature : undefined;

async function keepDays(
  db: Db,
  site: string,
  source: Gauge,
  zone: Zone,
  now: number,
  unreadable: (error: unknown) => void,
): Promise<number> {
  const today = localDay(now, zone);
  const days = await gaugeDays(db, site, source, zone, { from: today - LOOKED_AT, to: today }, unreadable);
  if (days.length === 0) return 0;
  const series = gaugeSeries(source);
  const { numAffectedRows } = await sql`
    insert into temperature_day (site, series, day, millidegrees, by_name, recorded_at, source, hours, of_hours)
    select ${site}, ${series}, day, millidegrees, 'civicmeter', ${now}::int8, ${series}, hours, of_hours
    from unnest(${days.map((d) => d.day)}::int4[], ${days.map((d) => d.millidegrees)}::int4[], ${days.map((d) => d.hours ?? 0)}::int2[],
      ${days.map((d) => d.of ?? 0)}::int2[]) as u(day, millidegrees, hours, of_hours)
    on conflict (site, series, day) do update
      set millidegrees = excluded.millidegrees, hours = excluded.hours, of_hours = excluded.of_hours, recorded_at = excluded.recorded_at
      where temperature_day.hours <= excluded.hours
        and (temperature_day.hours, temperature_day.millidegrees) is distinct from (excluded.hours, excluded.millidegrees)`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0);
}
