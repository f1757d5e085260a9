import { expect, test } from 'vitest';
import {
  dayOf,
  isYear,
  lastDayOf,
  monthPeriod,
  rollingTwelveMonths,
  samePeriodLastYear,
  yearPeriod,
  yearToDate,
} from '../../../rules/indicators/index.ts';

test('periods are half-open and meet', () => {
  expect(yearPeriod(2025)).toEqual({ from: '2025-01-01', to: '2026-01-01' });
  expect(monthPeriod(2025, 12)).toEqual({ from: '2025-12-01', to: '2026-01-01' });
  expect(rollingTwelveMonths(2026, 3)).toEqual({ from: '2025-04-01', to: '2026-04-01' });
  expect(yearToDate('2026-03-31')).toEqual({ from: '2026-01-01', to: '2026-04-01' });
  expect(lastDayOf(yearPeriod(2025))).toBe('2025-12-31');
});

test('the same period last year keeps whole months whole, leap day or not', () => {
  expect(samePeriodLastYear(monthPeriod(2024, 2))).toEqual(monthPeriod(2023, 2));
  expect(samePeriodLastYear(monthPeriod(2025, 2))).toEqual(monthPeriod(2024, 2));
  expect(samePeriodLastYear(yearToDate('2024-02-29'))).toEqual(yearToDate('2023-02-28'));
  expect(samePeriodLastYear(yearToDate('2026-05-10'))).toEqual(yearToDate('2025-05-10'));
});

test('only twelve months to the day are a year', () => {
  expect(isYear(yearPeriod(2024))).toBe(true);
  expect(isYear(rollingTwelveMonths(2026, 3))).toBe(true);
  expect(isYear(yearToDate('2025-12-30'))).toBe(false);
  expect(isYear({ from: '2024-01-01', to: '2026-01-01' })).toBe(false);
});

test('a day that no calendar has is refused', () => {
  expect(() => dayOf('2025-02-30')).toThrow(expect.objectContaining({ code: 'TIME_INVALID' }));
});
