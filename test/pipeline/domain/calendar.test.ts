import { describe, expect, it } from 'vitest';
import {
  DAY,
  dayOfCivil,
  dayStart,
  firstDayOfMonth,
  formatDay,
  formatInstant,
  formatMonth,
  HOUR,
  instantOfLocal,
  localCandidates,
  localDay,
  MINUTE,
  monthOfDay,
  parseTime,
  PERIODS,
  periodsOf,
  zoneOf,
} from '../../../pipeline/domain/index.ts';
import { randomOf } from '../../oracle/world/random.ts';

const ZONES = [
  'UTC',
  'Asia/Shanghai',
  'Asia/Urumqi',
  'Europe/London',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'America/Sao_Paulo',
  'Pacific/Chatham',
  'Pacific/Apia',
  'America/New_York',
];

/** Asks the runtime in another way than the product does: by the name of the offset. */
function offsetByName(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
  const name = parts.find((p) => p.type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /^GMT(?:([+-])(\d{2}):(\d{2}))?$/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE);
}

/** Instants around every change of a zone's clocks since 1970, found by bisection. */
function changesOf(zone: string, from: number, to: number): readonly number[] {
  const changes: number[] = [];
  for (let at = from; at < to; at += 7 * DAY) {
    let [low, high] = [at, at + 7 * DAY];
    if (offsetByName(low, zone) === offsetByName(high, zone)) continue;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetByName(middle, zone) === offsetByName(low, zone)) low = middle;
      else high = middle;
    }
    changes.push(high);
  }
  return changes;
}

describe('offsets', () => {
  it.each(ZONES)('of %s are those of the runtime, around each change and anywhere', (name) => {
    const zone = zoneOf(name);
    const [from, to] = [Date.UTC(1985, 0, 1), Date.UTC(1993, 0, 1)];
    const changes = [...changesOf(name, from, to), ...changesOf(name, Date.UTC(2010, 6, 1), Date.UTC(2012, 6, 1))];
    for (const change of changes)
      for (const by of [-HOUR, -1, 0, 1, HOUR])
        expect(zone.offsetAt(change + by)).toBe(offsetByName(change + by, name));
    const random = randomOf(1);
    for (let i = 0; i < 300; i++) {
      const at = Date.UTC(1970, 0, 1) + random.int(0, 25_000) * DAY + random.int(0, DAY);
      expect(zone.offsetAt(at), `${name} ${new Date(at).toISOString()}`).toBe(offsetByName(at, name));
    }
  });

  it('Asia/Shanghai had summer time until 1991', () => {
    const zone = zoneOf('Asia/Shanghai');
    expect(zone.offsetAt(Date.UTC(1990, 6, 1))).toBe(9 * HOUR);
    expect(zone.offsetAt(Date.UTC(1991, 8, 14, 16))).toBe(9 * HOUR);
    expect(zone.offsetAt(Date.UTC(1991, 8, 14, 17))).toBe(8 * HOUR);
    expect(zone.offsetAt(Date.UTC(2026, 6, 1))).toBe(8 * HOUR);
  });

  it('an unknown zone is refused', () => {
    expect(() => zoneOf('Asia/Peking')).toThrow(expect.objectContaining({ code: 'ZONE_UNKNOWN' }));
  });
});

describe('local time', () => {
  it('that is shown twice takes the first instant, one that is left out the instant of the change', () => {
    const zone = zoneOf('Europe/London');
    const local = (hour: number, minute: number, month: number, day: number): number =>
      Date.UTC(2026, month - 1, day, hour, minute);
    expect(localCandidates(local(1, 30, 10, 25), zone)).toEqual([
      Date.UTC(2026, 9, 25, 0, 30),
      Date.UTC(2026, 9, 25, 1, 30),
    ]);
    expect(instantOfLocal(local(1, 30, 10, 25), zone)).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(localCandidates(local(1, 30, 3, 29), zone)).toEqual([]);
    expect(instantOfLocal(local(1, 30, 3, 29), zone)).toBe(Date.UTC(2026, 2, 29, 1));
    const howe = zoneOf('Australia/Lord_Howe');
    expect(localCandidates(local(1, 45, 4, 5), howe)).toEqual([
      Date.UTC(2026, 3, 4, 14, 45),
      Date.UTC(2026, 3, 4, 15, 15),
    ]);
  });

  it.each(ZONES)('in %s is the first of all instants that show it, around each change and anywhere', (name) => {
    const zone = zoneOf(name);
    const random = randomOf(7);
    const changes = changesOf(name, Date.UTC(2010, 6, 1), Date.UTC(2012, 6, 1));
    const near = changes.flatMap((change) =>
      Array.from({ length: 120 }, () => change + random.int(-40, 40) * HOUR + random.pick([0, -1, 1, 17 * MINUTE])),
    );
    const anywhere = Array.from({ length: 300 }, () => random.int(0, 25_000) * DAY + random.int(0, DAY));
    let shown = 0;
    for (const at of [...near, ...anywhere]) {
      const local = at + zone.offsetAt(at) + random.pick([0, 0, 30 * MINUTE]);
      const [first] = localCandidates(local, zone);
      if (first === undefined) continue;
      shown += 1;
      expect(instantOfLocal(local, zone), `${name} ${new Date(local).toISOString()}`).toBe(first);
    }
    expect(shown).toBeGreaterThan(250);
  });

  it.each(ZONES)('in %s a day begins with its first instant', (name) => {
    const zone = zoneOf(name);
    for (let day = dayOfCivil(2011, 9, 1); day < dayOfCivil(2012, 5, 1); day++) {
      const start = dayStart(day, zone);
      // a day that a zone leaves out (Apia, 30 December 2011) is as long as nothing
      if (dayStart(day + 1, zone) === start) continue;
      expect(localDay(start, zone)).toBe(day);
      expect(localDay(start - 1, zone)).toBeLessThan(day);
    }
    expect(formatDay(localDay(dayStart(dayOfCivil(2026, 2, 28), zone) + DAY, zone))).toBe('2026-03-01');
  });

  it('is written with its offset and read back as the same instant', () => {
    const random = randomOf(3);
    for (let i = 0; i < 500; i++) {
      const zone = zoneOf(random.pick(ZONES));
      const at =
        Date.UTC(1992, 0, 1) + random.int(0, 14_000) * DAY + random.int(0, 86_400) * 1_000 + random.pick([0, 0, 7]);
      const text = formatInstant(at, zone);
      expect(Date.parse(text), text).toBe(at);
      expect(parseTime(text, zoneOf('UTC'))).toEqual({ from: at, to: at });
    }
  });
});

describe('months', () => {
  it('go on without a gap, leap years included', () => {
    for (let month = 1970 * 12; month < 2100 * 12; month++) {
      const first = firstDayOfMonth(month);
      expect(monthOfDay(first)).toBe(month);
      expect(monthOfDay(first - 1)).toBe(month - 1);
    }
    expect(formatMonth(monthOfDay(dayOfCivil(2024, 2, 29)))).toBe('2024-02');
  });
});

describe('periods', () => {
  it('cover a span without gap or overlap, each within one hour, day, month or year of the zone', () => {
    const random = randomOf(5);
    for (let i = 0; i < 300; i++) {
      const name = random.pick(ZONES);
      const zone = zoneOf(name);
      const by = random.pick(PERIODS);
      const around = random.pick([
        Date.UTC(2011, 11, 28),
        Date.UTC(2026, 2, 28),
        Date.UTC(2026, 9, 3),
        Date.UTC(2011, 9, 15),
      ]);
      const from = around + random.int(0, 3 * DAY);
      const to = from + random.int(1, by === 'hour' ? 4 * DAY : 800 * DAY);
      const periods = periodsOf(by, { from, to }, zone);
      expect([periods[0]?.from, periods.at(-1)?.to]).toEqual([from, to]);
      expect(periods.slice(1).map((p) => p.from)).toEqual(periods.slice(0, -1).map((p) => p.to));
      expect(Math.min(...periods.map((p) => p.to - p.from))).toBeGreaterThan(0);
      // an hour in which the clocks change can carry two names
      const named = by === 'hour' ? [] : periods;
      const text = (at: number): string =>
        formatInstant(at, zone).slice(0, { hour: 13, day: 10, month: 7, year: 4 }[by]);
      expect(named.map((p) => text(p.to - 1))).toEqual(named.map((p) => text(p.from)));
      expect(new Set(named.map((p) => text(p.from))).size, `${name} ${by}`).toBe(named.length);
      const longest = by === 'hour' ? 2 * HOUR : Infinity;
      expect(Math.max(...periods.map((p) => p.to - p.from))).toBeLessThanOrEqual(longest);
    }
  });

  it('a day of a change of clocks has 23 or 25 hours', () => {
    const zone = zoneOf('Europe/London');
    const hours = (text: string): number => periodsOf('hour', parseTime(text, zone), zone).length;
    expect(['2026-03-28', '2026-03-29', '2026-10-25'].map(hours)).toEqual([24, 23, 25]);
    expect(periodsOf('day', parseTime('2026-10', zone), zone)).toHaveLength(31);
    expect(periodsOf('hour', { from: 5, to: 5 }, zone)).toEqual([]);
  });

  it('hours of a zone of half hours begin on the hour of its clocks', () => {
    const zone = zoneOf('Asia/Kolkata');
    const [first, second] = periodsOf('hour', parseTime('2026-03-05', zone), zone);
    expect([formatInstant(first?.from ?? 0, zone), formatInstant(second?.from ?? 0, zone)]).toEqual([
      '2026-03-05T00:00:00+05:30',
      '2026-03-05T01:00:00+05:30',
    ]);
  });
});

describe('parseTime', () => {
  const zone = zoneOf('Asia/Shanghai');
  const iso = (text: string): readonly string[] => {
    const { from, to } = parseTime(text, zone);
    return [formatInstant(from, zone), formatInstant(to, zone)];
  };

  it('gives what a year, month or day spans, and an instant for a time', () => {
    expect(iso('2026')).toEqual(['2026-01-01T00:00:00+08:00', '2027-01-01T00:00:00+08:00']);
    expect(iso('2024-02')).toEqual(['2024-02-01T00:00:00+08:00', '2024-03-01T00:00:00+08:00']);
    expect(iso('2026-12')).toEqual(['2026-12-01T00:00:00+08:00', '2027-01-01T00:00:00+08:00']);
    expect(iso(' 2026-03-05 ')).toEqual(['2026-03-05T00:00:00+08:00', '2026-03-06T00:00:00+08:00']);
    expect(iso('2026-03-05 08:30')[0]).toBe('2026-03-05T08:30:00+08:00');
    expect(iso('2026-03-05T08:30:15.25')[0]).toBe('2026-03-05T08:30:15.250+08:00');
    expect(iso('2026-03-05T08:30Z')[0]).toBe('2026-03-05T16:30:00+08:00');
    expect(iso('2026-03-05T08:30-03:30')[0]).toBe('2026-03-05T20:00:00+08:00');
    expect(iso('2026-03-05T08:30+0800')[0]).toBe('2026-03-05T08:30:00+08:00');
  });

  it('refuses what is no date, also what a computer would bend into one', () => {
    const bad = [
      '',
      'today',
      '26',
      '0050',
      '0100',
      '0999-12',
      '2026-13',
      '2026-00',
      '2026-02-30',
      '2025-02-29',
      '2026-3-5',
      '2026-03-05T24:00',
    ];
    const worse = [
      '2026-03-05T08:60',
      '2026-03-05T08:30:60',
      '2026-03-05T8:30',
      '2026-03-05T08:30+99:00',
      '2026-03-05T08:30+08:99',
    ];
    for (const text of [...bad, ...worse])
      expect(() => parseTime(text, zone), text).toThrow(expect.objectContaining({ code: 'TIME_INVALID' }));
  });
});
