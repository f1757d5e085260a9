import { requestError } from './errors.ts';

/**
 * Instants are UTC epoch milliseconds; a local day is a whole number, days since 1970-01-01 of the local calendar.
 * Fixed offsets by arithmetic, other zones by Intl with a cache (architecture.md, Serving).
 */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface Zone {
  readonly name: string;
  /** Local minus UTC, ms, at an instant. */
  readonly offsetAt: (at: number) => number;
}

/** Asia/Shanghai has had no offset but +08:00 since 1991-09-15 (tzdata). */
const SHANGHAI_FIXED_FROM = Date.UTC(1991, 8, 15);
const zones = new Map<string, Zone>();

/** Throws ZONE_UNKNOWN for a name that the runtime's time zone data does not have. */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const byIntl = intlOffset(name);
  const offsetAt =
    name === 'Asia/Shanghai' ? (at: number) => (at >= SHANGHAI_FIXED_FROM ? 8 * HOUR : byIntl(at)) : byIntl;
  const zone: Zone = { name, offsetAt: name === 'UTC' ? () => 0 : offsetAt };
  zones.set(name, zone);
  return zone;
}

function intlOffset(name: string): (at: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    });
  } catch (cause) {
    throw requestError('ZONE_UNKNOWN', `"${name}" is not a time zone`, {
      cure: 'use an IANA name such as Asia/Shanghai',
      cause,
    });
  }
  return cachedByDay((at) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
    const local = Date.UTC(
      part['year'] ?? 0,
      (part['month'] ?? 1) - 1,
      part['day'],
      part['hour'],
      part['minute'],
      part['second'],
    );
    return local - at;
  });
}

const QUARTER = 15 * MINUTE;
/** Days of two centuries. */
const CACHED_DAYS = 73_000;

/**
 * Offsets by UTC day. Between two changes of a zone lie three days at least (of all zones of tzdata, Freetown in 1939), so a
 * day that ends as it began has no change; in the others offsets are kept by quarter hour.
 */
function cachedByDay(offsetOf: (at: number) => number): (at: number) => number {
  const days = new Map<number, number | 'changes'>();
  const quarters = new Map<number, number>();
  const ofDay = (day: number): number | 'changes' => {
    const [first, next] = [offsetOf(day * DAY), offsetOf((day + 1) * DAY)];
    if (days.size > CACHED_DAYS) days.clear();
    const offset = first === next ? first : 'changes';
    days.set(day, offset);
    return offset;
  };
  const ofQuarter = (quarter: number): number => {
    const offset = offsetOf(quarter * QUARTER);
    if (quarters.size > CACHED_DAYS) quarters.clear();
    quarters.set(quarter, offset);
    return offset;
  };
  return (at) => {
    const day = Math.floor(at / DAY);
    const offset = days.get(day) ?? ofDay(day);
    if (offset !== 'changes') return offset;
    const quarter = Math.floor(at / QUARTER);
    return quarters.get(quarter) ?? ofQuarter(quarter);
  };
}

const TWO = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'));
const two = (n: number): string => TWO[n] ?? String(n);

export const localDay = (at: number, zone: Zone): number => Math.floor((at + zone.offsetAt(at)) / DAY);

/**
 * The first instant whose wall clock shows this local time (ms since the local epoch); for a time that a change of
 * clocks leaves out, the instant of the change.
 */
export function instantOfLocal(local: number, zone: Zone): number {
  const offset = zone.offsetAt(local);
  // as on most days: one offset is all that localCandidates would find
  const isSteady = zone.offsetAt(local - DAY) === offset && zone.offsetAt(local + DAY) === offset;
  if (isSteady && zone.offsetAt(local - offset) === offset) return local - offset;
  const candidates = localCandidates(local, zone);
  const first = candidates[0];
  if (first !== undefined) return first;
  let [low, high] = [local - 2 * DAY, local + 2 * DAY];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + zone.offsetAt(middle) >= local) high = middle;
    else low = middle;
  }
  return high;
}

/** All instants whose wall clock shows this local time, earliest first: none, one or two. */
export function localCandidates(local: number, zone: Zone): readonly number[] {
  const offsets = new Set([zone.offsetAt(local - DAY), zone.offsetAt(local), zone.offsetAt(local + DAY)]);
  return [...offsets]
    .map((offset) => local - offset)
    .filter((at) => at + zone.offsetAt(at) === local)
    .sort((a, b) => a - b);
}

export const dayStart = (day: number, zone: Zone): number => instantOfLocal(day * DAY, zone);

export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function civilOfDay(day: number): CivilDate {
  const date = new Date(day * DAY);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

export const dayOfCivil = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / DAY;

/** Months since year 0. */
export const monthOfDay = (day: number): number => {
  const { year, month } = civilOfDay(day);
  return year * 12 + month - 1;
};

export const firstDayOfMonth = (month: number): number => dayOfCivil(Math.floor(month / 12), (month % 12) + 1, 1);

/** The day that was written last: instants are mostly written in time order, many of a day. */
let written = { day: NaN, text: '' };

/** ISO 8601; years beyond four digits have a sign. */
export function formatDay(day: number): string {
  if (day !== written.day) written = { day, text: textOfDay(day) };
  return written.text;
}

function textOfDay(day: number): string {
  const { year, month, day: dayOfMonth } = civilOfDay(day);
  return year < 1_000 || year > 9_999
    ? new Date(day * DAY).toISOString().slice(0, -'T00:00:00.000Z'.length)
    : `${year}-${two(month)}-${two(dayOfMonth)}`;
}

export const formatMonth = (month: number): string => formatDay(firstDayOfMonth(month)).slice(0, 7);

/** ISO 8601 in UTC; of a time that lies outside every calendar (ECMA-262, 21.4.1.1) the number. */
export const instantText = (at: number): string => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at));

/** ISO 8601 with the zone's offset, to the second (milliseconds only where there are some). */
export function formatInstant(at: number, zone: Zone): string {
  const offset = zone.offsetAt(at);
  const local = at + offset;
  const day = Math.floor(local / DAY);
  return formatDay(day) + timeText(local - day * DAY, Math.round(offset / MINUTE));
}

/** What follows the day, of whole minutes, by offset and minute of the day: most instants are begins of slots. */
const wholeMinutes = new Map<number, readonly string[]>();
const MINUTES = DAY / MINUTE;

function timeText(inDay: number, offsetMinutes: number): string {
  if (inDay % MINUTE !== 0) return textOfTime(inDay, offsetMinutes);
  const known = wholeMinutes.get(offsetMinutes);
  if (known) return known[inDay / MINUTE] ?? '';
  const all = Array.from({ length: MINUTES }, (_, minute) => textOfTime(minute * MINUTE, offsetMinutes));
  wholeMinutes.set(offsetMinutes, all);
  return all[inDay / MINUTE] ?? '';
}

function textOfTime(inDay: number, offsetMinutes: number): string {
  const seconds = Math.floor(inDay / 1_000);
  const ms = inDay - seconds * 1_000;
  const time = `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const fraction = ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`;
  return `T${time}${fraction}${offsetText(offsetMinutes)}`;
}

function offsetText(minutes: number): string {
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
}

export const PERIODS = ['hour', 'day', 'month', 'year'] as const;
export type Period = (typeof PERIODS)[number];

export interface Interval {
  /** Included, epoch ms. */
  readonly from: number;
  /** Excluded, epoch ms. */
  readonly to: number;
}

/** The local calendar periods that make up [from, to); the first and last are cut to it. */
export function periodsOf(period: Period, { from, to }: Interval, zone: Zone): readonly Interval[] {
  const cuts: number[] = [];
  let cursor = from;
  while (cursor < to) {
    cuts.push(cursor);
    cursor = Math.max(cursor + 1, periodEnd(period, cursor, zone));
  }
  return cuts.map((start, i) => ({ from: start, to: Math.min(cuts[i + 1] ?? to, to) }));
}

function periodEnd(period: Period, at: number, zone: Zone): number {
  if (period === 'hour') {
    const offset = zone.offsetAt(at);
    return (Math.floor((at + offset) / HOUR) + 1) * HOUR - offset;
  }
  const day = localDay(at, zone);
  if (period === 'day') return dayStart(day + 1, zone);
  const month = monthOfDay(day);
  return dayStart(firstDayOfMonth(period === 'month' ? month + 1 : (Math.floor(month / 12) + 1) * 12), zone);
}

/**
 * Reads 2026, 2026-03, 2026-03-05, 2026-03-05T08:00, with or without seconds and offset; without an offset in `zone`.
 * Gives the start of what it names and, as `to`, the end of it (the same instant for a time of day).
 * Throws TIME_INVALID.
 */
export function parseTime(text: string, zone: Zone): Interval {
  const match =
    /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?)?)?$/.exec(
      text.trim(),
    );
  const refuse = (): never => {
    throw requestError('TIME_INVALID', `"${text}" is not a date or time`, {
      cure: 'write 2026, 2026-03, 2026-03-05 or 2026-03-05T08:00+08:00',
    });
  };
  if (!match) return refuse();
  const [, y, mo, d, h, mi, s, ms, offset] = match;
  const day = dayOfCivil(Number(y), Number(mo ?? 1), Number(d ?? 1));
  const civil = civilOfDay(day);
  if (
    // in the first centuries Intl and Date.UTC do not agree on what a year is
    Number(y) < 1_000 ||
    civil.year !== Number(y) ||
    civil.month !== Number(mo ?? 1) ||
    civil.day !== Number(d ?? 1) ||
    Number(h ?? 0) > 23 ||
    Number(mi ?? 0) > 59 ||
    Number(s ?? 0) > 59 ||
    Math.abs(parseOffset(offset ?? 'Z')) > MAX_OFFSET ||
    Number((offset ?? 'Z').slice(-2)) > 59
  )
    return refuse();
  if (h === undefined) {
    const next =
      mo === undefined
        ? dayOfCivil(Number(y) + 1, 1, 1)
        : d === undefined
          ? firstDayOfMonth(monthOfDay(day) + 1)
          : day + 1;
    return { from: dayStart(day, zone), to: dayStart(next, zone) };
  }
  const local =
    day * DAY + Number(h) * HOUR + Number(mi) * MINUTE + Number(s ?? 0) * SECOND + Number((ms ?? '0').padEnd(3, '0'));
  const at = offset === undefined ? instantOfLocal(local, zone) : local - parseOffset(offset);
  return { from: at, to: at };
}

/** The farthest any zone has ever been from UTC. */
const MAX_OFFSET = 16 * HOUR;

const parseOffset = (text: string): number => {
  if (text === 'Z') return 0;
  const digits = text.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (digits.startsWith('-') ? -minutes : minutes) * MINUTE;
};
