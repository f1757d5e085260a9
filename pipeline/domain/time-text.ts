import {
  civilOfDay,
  dayOfCivil,
  dayStart,
  firstDayOfMonth,
  instantOfLocal,
  type Interval,
  monthOfDay,
} from './calendar.ts';
import { DAY, HOUR, MINUTE, SECOND } from './durations.ts';
import { requestError } from './errors.ts';
import type { Zone } from './zone.ts';

const TWO = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'));
const two = (n: number): string => TWO[n] ?? String(n);

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

/** Of `YYYY-MM-DD`: the last day of a period whose end is excluded. */
export const dayBefore = (day: string): string => formatDay(Math.floor(Date.parse(day) / DAY) - 1);

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
