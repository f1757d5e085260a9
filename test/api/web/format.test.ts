import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant, inUnit, parseTime, zoneOf } from '#domain';
import {
  addDays,
  ageOf,
  changeOf,
  clockOf,
  daysText,
  durationOf,
  grouped,
  instantDaysBefore,
  percentOf,
  plain,
  readable,
  sizeOf,
  weekdayOf,
} from '../../../api/web/src/format.ts';
import { TEXTS } from '../../../api/web/src/text.ts';

it('writes a period with both its ends included', () => {
  expect(daysText('2025-03-01', '2026-03-01')).toBe('2025-03-01 – 2026-02-28');
});

describe('a figure on the page', () => {
  it('keeps every digit of the answer', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (amount) => {
        const display = inUnit(amount, 'GJ', 'heat');
        expect(plain(display).replaceAll(',', '')).toBe(display);
      }),
    );
    expect(grouped('-1234567.001')).toEqual({ whole: '-1,234,567', fraction: '.001' });
    expect(grouped('123')).toEqual({ whole: '123', fraction: '' });
  });

  it('in base units reads as the domain writes it', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (amount) => {
        expect(readable(amount, 'Wh')).toEqual({ display: inUnit(amount, 'kWh', 'electricity'), unit: 'kWh' });
        expect(readable(amount, 'kJ')).toEqual({ display: inUnit(amount, 'GJ', 'heat'), unit: 'GJ' });
      }),
    );
    expect(readable(12, 'count')).toEqual({ display: '12', unit: 'count' });
  });
});

describe('a time on the page', () => {
  it('is the wall clock of the site, whatever the zone of the browser', () => {
    expect(clockOf('2026-03-05T08:00:00+08:00')).toBe('2026-03-05 08:00');
    expect(clockOf('2026-03-05T08:00:07.250+08:00')).toBe('2026-03-05 08:00:07');
    expect(instantDaysBefore('2026-03-03T14:20:00+08:00', 7)).toBe('2026-02-24T14:20:00');
    // a week before the clocks were put forward, 14:20 had another offset
    const madrid = zoneOf('Europe/Madrid');
    const { from } = parseTime(instantDaysBefore('2026-03-31T14:20:00+02:00', 7), madrid);
    expect(formatInstant(from, madrid)).toBe('2026-03-24T14:20:00+01:00');
    expect([addDays('2024-02-28', 1), addDays('2026-01-01', -1)]).toEqual(['2024-02-29', '2025-12-31']);
    expect([weekdayOf('2026-03-09'), weekdayOf('2026-03-15')]).toEqual([0, 6]);
  });

  it('has an age in a unit that fits, in the reader’s language, and none where nothing was heard', () => {
    const at = '2026-03-05T08:00:00+08:00';
    const after = (seconds: number): string => ageOf(at, Date.parse(at) + seconds * 1_000, TEXTS.en);
    expect([0, 99, 120, 7_200, 200_000].map(after)).toEqual(['0 s', '99 s', '2 min', '2 h', '2 d']);
    expect(ageOf(at, Date.parse(at) + 5_000, TEXTS.zh)).toBe('5 秒');
    expect(ageOf(null, 0, TEXTS.zh)).toBe('–');
  });
});

describe('a change against last week', () => {
  it('is a percentage with its sign, and none where there was nothing before', () => {
    expect([changeOf(110, 100), changeOf(90, 100), changeOf(5, 0)]).toEqual(['+10.0 %', '−10.0 %', undefined]);
  });
});

describe('what a line takes', () => {
  it('is said in the unit that people would use', () => {
    const said = [0, 850, 999.6, 16_300, 15_000, 900_000, 9_000_000].map((ms) => durationOf(ms, TEXTS.en));
    expect(said).toEqual(['0 ms', '850 ms', '1000 ms', '16.3 s', '15 s', '15 min', '2.5 h']);
    expect([0.0427, 0.0999, 1.087].map(percentOf)).toEqual(['4.3 %', '10 %', '109 %']);
    expect([0, 811_200, 18_400_000].map(sizeOf)).toEqual(['0 kB', '812 kB', '18.4 MB']);
  });
});
