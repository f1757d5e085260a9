import { requestError } from './errors.ts';
import { DAY, HOUR, MINUTE } from './durations.ts';

/** Fixed offsets by arithmetic, other zones by Intl with a cache (architecture.md, Serving). */
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
