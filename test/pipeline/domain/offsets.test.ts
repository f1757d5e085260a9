import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE, zoneOf } from '#domain';

/** By another part of Intl: "GMT+05:45". */
function offsetByName(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  return (at) => {
    const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name) ?? [];
    const offset = Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE;
    return sign === '-' ? -offset : offset;
  };
}

const ZONES = [
  'Asia/Shanghai',
  'Asia/Urumqi',
  'Asia/Kathmandu',
  'Asia/Gaza',
  'Europe/London',
  'Europe/Madrid',
  'Africa/Casablanca',
  'America/New_York',
  'America/Caracas',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];
const QUARTER = 15 * MINUTE;
const [FROM, TO] = [Date.UTC(1990, 0, 1), Date.UTC(2036, 0, 1)];

describe.each(ZONES)('offsets of %s', (name) => {
  const [offset, byName] = [zoneOf(name).offsetAt, offsetByName(name)];

  test('are those of Intl at any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: FROM, max: TO }), (at) => {
        expect(offset(at)).toBe(byName(at));
      }),
      { numRuns: 2_000 },
    );
  });

  test('are those of Intl in each quarter hour of each day with a change', () => {
    const changing: number[] = [];
    for (let day = FROM; day < TO; day += DAY) if (offset(day) !== offset(day + DAY)) changing.push(day);
    const wrong = changing.flatMap((day) =>
      Array.from({ length: DAY / QUARTER }, (_, i) => day + i * QUARTER).filter((at) => offset(at) !== byName(at)),
    );
    expect(wrong).toEqual([]);
  });
});
