import { type Kysely } from 'kysely';
import {
  DAY,
  dayStart,
  type Interval,
  localDay,
  periodsOf,
  registerKey,
  requestError,
  type Zone,
  zoneOf,
} from '#domain';
import { decodeGauges } from '../books/codec.ts';
import type { Tables } from '../books/tables.ts';
import type { Historian, SeriesQuery, SeriesWindow } from '../historian/port.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { loadBrackets, placeOf } from '../rollup/brackets.ts';

export interface SeriesAnswer {
  /** The historian has every reading; the books the first and last of each slot, and a gauge's extremes for 90 days. */
  readonly source: 'historian' | 'books';
  /** The books' slot where a shorter window was asked for. */
  readonly windowMs: number;
  /** Unit of the values: the register's own. */
  readonly unit: string;
  readonly windows: readonly SeriesWindow[];
}

/** A register by window, for curves: from the historian where there is one, else from the books. Throws REGISTER_UNKNOWN, HISTORIAN_UNREACHABLE, HISTORIAN_REFUSED. */
export async function series(
  db: Kysely<Tables>,
  historian: Historian | undefined,
  site: DirectorySite,
  query: SeriesQuery,
): Promise<SeriesAnswer> {
  const { device, register } = query;
  const unit = site.registry.devices
    .find(({ id }) => id === device)
    ?.registers.find(({ name }) => name === register)?.unit;
  if (unit === undefined) {
    throw requestError('REGISTER_UNKNOWN', `there is no register ${registerKey(device, register)}`, {
      place: registerKey(device, register),
      cure: 'see the registers of the live values',
    });
  }
  const zone = zoneOf(site.registry.site.zone);
  const days = query.windowMs === DAY;
  if (historian) {
    const windowMs = days ? partOfDays(query.interval, zone) : query.windowMs;
    const windows = await historian.series({ ...query, windowMs });
    return {
      source: 'historian',
      windowMs: query.windowMs,
      unit,
      windows: days ? gathered(windows, query, zone) : windows,
    };
  }
  const windowMs = Math.max(query.windowMs, site.slotMs);
  const windows = gathered(await pieces(db, site, query), { ...query, windowMs }, zone);
  return { source: 'books', windowMs, unit, windows };
}

/** The longest window aligned to the epoch of which every local day is made up. */
const partOfDays = (interval: Interval, zone: Zone): number =>
  periodsOf('day', interval, zone)
    // the first begins where the interval does
    .slice(1)
    .reduce((part, { from }) => gcd(part, from % DAY), DAY);

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** What the books hold of a slot or a part of one. */
type Piece = SeriesWindow;

async function pieces(db: Kysely<Tables>, site: DirectorySite, query: SeriesQuery): Promise<readonly Piece[]> {
  const { device, register, interval } = query;
  const place = placeOf(site, { device, register });
  if (site.devices.get(device)?.registers.get(register)?.kind === 'counter') {
    const brackets = await loadBrackets(db, place, interval.from, interval.to);
    return brackets.map(({ start, first, last }) => ({
      start,
      min: Math.min(first.value, last.value),
      max: Math.max(first.value, last.value),
      last: last.value,
    }));
  }
  const rows = await db
    .selectFrom('gauge')
    .select(['day', 'payload'])
    .where('device_key', '=', place.deviceKey)
    .where('part', '=', place.part)
    .where('day', '>=', Math.floor(interval.from / DAY))
    .where('day', '<=', Math.floor(interval.to / DAY))
    .orderBy('day')
    .execute();
  return rows.flatMap(({ day, payload }) => decodeGauges(day, payload).get(place.ordinal) ?? []);
}

/** By windows aligned to the epoch, whole days by those of the site; the first is cut to the interval. */
function gathered(parts: readonly Piece[], { interval, windowMs }: SeriesQuery, zone: Zone): readonly SeriesWindow[] {
  const within = parts.filter(({ start }) => start >= interval.from && start < interval.to);
  const windowOf = (at: number): number =>
    windowMs === DAY ? dayStart(localDay(at, zone), zone) : Math.floor(at / windowMs) * windowMs;
  const byWindow = Map.groupBy(within, ({ start }) => Math.max(interval.from, windowOf(start)));
  return [...byWindow].map(([start, own]) => ({
    start,
    min: Math.min(...own.map(({ min }) => min)),
    max: Math.max(...own.map(({ max }) => max)),
    last: own.at(-1)?.last ?? 0,
  }));
}
