import { type Kysely } from 'kysely';
import { DAY, dayStart, localDay, periodsOf, registerKey, requestError, type Zone, zoneOf } from '#domain';
import { decodeGauges } from '../books/codec.ts';
import type { Tables } from '../books/tables.ts';
import type { Historian, SeriesQuery, SeriesWindow } from '../historian/port.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { loadBrackets, placeOf } from '../rollup/brackets.ts';

export interface SeriesAnswer {
  /** The historian has every reading; the books the first and last of each slot, and a gauge's extremes for 90 days. */
  readonly source: 'historian' | 'books';
  /** Of the books whole slots, where a shorter window or parts of slots were asked for. */
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
  if (historian) {
    const parts = await historian.series({ ...query, windowMs: partOfWindows(query, zone) });
    return { source: 'historian', windowMs: query.windowMs, unit, windows: gathered(parts, query, zone) };
  }
  const windowMs = wholeSlots(query.windowMs, site.slotMs);
  const windows = gathered(await pieces(db, site, query), { ...query, windowMs }, zone);
  return { source: 'books', windowMs, unit, windows };
}

/** The longest window aligned to the epoch of which every window of the site's days is made up. */
const partOfWindows = ({ interval, windowMs }: SeriesQuery, zone: Zone): number =>
  periodsOf('day', interval, zone)
    .map(({ from }) => midnightBefore(from, zone))
    .reduce((part, midnight) => gcd(part, midnight % DAY), windowMs);

/** The shortest window of whole slots, and of which a day has a whole number, that is no shorter. */
function wholeSlots(windowMs: number, slotMs: number): number {
  let length = Math.ceil(windowMs / slotMs) * slotMs;
  while (DAY % length !== 0) length += slotMs;
  return length;
}

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

/** By windows counted from the site's midnight; the first is cut to the interval. */
function gathered(parts: readonly Piece[], { interval, windowMs }: SeriesQuery, zone: Zone): readonly SeriesWindow[] {
  const within = parts.filter(({ start }) => start >= interval.from && start < interval.to);
  const byWindow = Map.groupBy(within, ({ start }) => Math.max(interval.from, windowStart(start, windowMs, zone)));
  return [...byWindow].map(([start, own]) => ({
    start,
    min: Math.min(...own.map(({ min }) => min)),
    max: Math.max(...own.map(({ max }) => max)),
    last: own.at(-1)?.last ?? 0,
  }));
}

/** Counted by time elapsed, so that a day of 23 or 25 hours has a shorter window at its end; a whole day is as long as it is. */
function windowStart(at: number, windowMs: number, zone: Zone): number {
  const midnight = midnightBefore(at, zone);
  return windowMs === DAY ? midnight : midnight + Math.floor((at - midnight) / windowMs) * windowMs;
}

const midnightBefore = (at: number, zone: Zone): number => dayStart(localDay(at, zone), zone);
