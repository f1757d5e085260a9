import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byYear, type MonthAmount, monthlyPath, progressOf } from '../../../rules/control/index.ts';

const months = (year: number, amounts: readonly (number | undefined)[]): readonly MonthAmount[] =>
  amounts.flatMap((amount, at) =>
    amount === undefined ? [] : [{ month: `${year}-${String(at + 1).padStart(2, '0')}`, amount }],
  );
const base = fc.array(fc.option(fc.integer({ min: 0, max: 10 ** 12 }), { nil: undefined }), {
  minLength: 12,
  maxLength: 12,
});

test('the months of a path add up to the year exactly, whatever the base year lacks', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), base, (total, amounts) => {
      const path = monthlyPath(total, 2026, byYear(months(2020, amounts)), 2020);
      expect(path.months.reduce((sum, { amount }) => sum + BigInt(amount), 0n)).toBe(BigInt(total));
      expect(path.months.at(-1)?.cumulative).toBe(total);
      expect(path.lacking).toHaveLength(amounts.filter((amount) => amount === undefined).length);
    }),
  );
});

test('the path has the base year’s season', () => {
  const path = monthlyPath(7800, 2026, byYear(months(2020, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])), 2020);
  expect(path.months.map(({ amount }) => amount)).toEqual([
    100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100, 1200,
  ]);
  expect(path).toMatchObject({ seasonFrom: 2020, lacking: [] });
});

test('a month that the base year lacks gets a twelfth and says so', () => {
  const path = monthlyPath(1200, 2026, byYear(months(2020, [undefined, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])), 2020);
  expect(path.months.map(({ amount }) => amount)).toEqual([100, 200, 100, 100, 100, 100, 100, 100, 100, 100, 100, 0]);
  expect(path.months[0]?.basis).toBe('equal');
  expect(path.months[1]?.basis).toBe('season');
  expect(path.lacking).toEqual(['2020-01']);
});

test('without a base year all months are equal and all are said to be lacking', () => {
  const path = monthlyPath(25, 2026, new Map(), 2020);
  expect(path.months.map(({ amount }) => amount)).toEqual([3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
  expect(path.seasonFrom).toBeUndefined();
  expect(path.lacking).toHaveLength(12);
});

test('progress compares exactly the months that have a figure and names the gaps', () => {
  const years = byYear([...months(2020, Array(12).fill(10)), ...months(2026, [9, undefined, 14])]);
  const answer = progressOf(monthlyPath(120, 2026, years, 2020), years);
  expect(answer).toEqual({
    ok: true,
    value: { through: '2026-03', actual: 23, planned: 20, over: 3, ratio: 0.15, lacking: ['2026-02'] },
  });
  expect(progressOf(monthlyPath(120, 2027, years, 2020), years)).toMatchObject({
    ok: false,
    missing: { what: 'progress' },
  });
});

test.each([
  ['SERIES_MONTH_INVALID', [{ month: '2026-13', amount: 1 }]],
  [
    'SERIES_MONTH_TWICE',
    [
      { month: '2026-01', amount: 1 },
      { month: '2026-01', amount: 0 },
    ],
  ],
  ['SERIES_AMOUNT_INVALID', [{ month: '2026-01', amount: -1 }]],
  ['SERIES_AMOUNT_INVALID', [{ month: '2026-01', amount: 0.5 }]],
])('%s names the month', (code, series) => {
  expect(() => byYear(series)).toThrow(expect.objectContaining({ code, place: series.at(-1)?.month }));
});
