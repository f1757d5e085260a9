import { describe, expect, test } from 'vitest';
import { byYear, type Forecast, forecastYear, type MonthAmount } from '../../../rules/control/index.ts';
import { generator } from '../../support/random.ts';
import { PLACES, simulatedYears } from './simulated-years.ts';

const YEAR = 2026;
const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const total = (series: readonly MonthAmount[]): number => series.reduce((sum, { amount }) => sum + amount, 0);

function valueOf(series: readonly MonthAmount[]): Forecast {
  const answer = forecastYear(byYear(series), YEAR);
  if (!answer.ok) throw new Error(answer.missing.reason);
  return answer.value;
}

/** 200 years of 200 buildings, foreseen with `known` months of theirs and `history` whole years before. */
function trial(
  seed: number,
  history: number,
  known: number,
): { readonly coverage: number; readonly halfWidth: number; readonly months: number } {
  const random = generator(seed);
  const outcomes = Array.from({ length: 200 }, (_, at) => {
    const place = PLACES[at % PLACES.length];
    if (!place) throw new Error('no place');
    const behaviour = { trend: -0.03 + 0.06 * random(), noise: 0.02 + 0.03 * random(), anomaly: 1.2 + random() };
    const series = simulatedYears(random, place, behaviour, YEAR, history + 1);
    const truth = total(series.slice(-12));
    const { low, high, open } = valueOf(series.slice(0, history * 12 + known));
    const amounts = new Map(series.map(({ month, amount }) => [month, amount]));
    const inside = open.filter((one) => {
      const amount = amounts.get(one.month) ?? Number.NaN;
      return one.low <= amount && amount <= one.high;
    });
    return {
      held: low <= truth && truth <= high,
      half: (high - low) / 2 / truth,
      months: inside.length / open.length,
    };
  });
  return {
    coverage: outcomes.filter(({ held }) => held).length / outcomes.length,
    halfWidth: median(outcomes.map(({ half }) => half)),
    months: outcomes.reduce((sum, { months }) => sum + months, 0) / outcomes.length,
  };
}

describe('made in July, the 80 % interval', () => {
  test.each([1, 2, 3, 5])('with %i whole years before holds 72 to 88 % of 200 years', (history) => {
    const { coverage } = trial(20 + history, history, 6);
    expect(coverage).toBeGreaterThanOrEqual(0.72);
    expect(coverage).toBeLessThanOrEqual(0.88);
  });

  test.each([1, 2, 3, 5])(
    'with %i whole years before has a median half-width of at most 6 % of the year',
    (history) => {
      expect(trial(20 + history, history, 6).halfWidth).toBeLessThanOrEqual(0.06);
    },
  );

  test.each([1, 2, 3, 5])('with %i whole years before holds 72 to 88 % of single months', (history) => {
    const { months } = trial(40 + history, history, 6);
    expect(months).toBeGreaterThanOrEqual(0.72);
    expect(months).toBeLessThanOrEqual(0.88);
  });

  test('is wider with one year of history than with five', () => {
    expect(trial(7, 1, 6).halfWidth).toBeGreaterThan(1.1 * trial(7, 5, 6).halfWidth);
  });
});

const flat = (year: number, amounts: readonly number[]): readonly MonthAmount[] =>
  amounts.map((amount, at) => ({ month: `${year}-${String(at + 1).padStart(2, '0')}`, amount }));
const heating = [90, 80, 60, 20, 0, 0, 0, 0, 0, 25, 60, 85];

test('the estimate is use so far and the past ratio of the rest to it', () => {
  const series = [
    ...flat(2024, heating),
    ...flat(
      2025,
      heating.map((amount) => amount * 2),
    ),
    ...flat(YEAR, [45, 40, 30]),
  ];
  expect(valueOf(series)).toMatchObject({ estimate: 210, known: 115, history: [2024, 2025], confidence: 0.8 });
});

test('months still open add up to the rest of the year, each within its own interval', () => {
  const random = generator(3);
  for (const place of PLACES) {
    const series = simulatedYears(random, place, { trend: 0.02, noise: 0.04, anomaly: 2 }, YEAR, 3).slice(0, 30);
    const { open, estimate, known, low, high } = valueOf(series);
    expect(open.at(-1)?.toDate).toEqual({ estimate, low, high });
    expect(open.reduce((sum, one) => sum + one.estimate, 0)).toBe(estimate - known);
    for (const one of open) {
      expect(one.low).toBeLessThanOrEqual(one.estimate);
      expect(one.high).toBeGreaterThanOrEqual(one.estimate);
    }
  }
});

test('a change of level that chance explains is not carried on; one that it does not explain is', () => {
  const uneven = [80, 130, 75, 125, 90, 100, 128, 72, 113, 87, 104, 96];
  const before = [...flat(2024, uneven), ...flat(2025, uneven.toReversed())];
  const begun = (factor: number): readonly MonthAmount[] =>
    flat(
      YEAR,
      uneven.slice(0, 6).map((amount) => Math.round(amount * factor)),
    );
  const changeOf = (factor: number): number => {
    const { estimate, known } = valueOf([...before, ...begun(factor)]);
    return (estimate - known) / 600 - 1;
  };
  expect(changeOf(1.03)).toBeGreaterThan(0.005);
  expect(changeOf(1.03)).toBeLessThan(0.026);
  expect(changeOf(1.5)).toBeGreaterThan(0.48);
});

test('months without use in summer are no obstacle, and a gap counts as still open', () => {
  const series = [
    ...flat(2025, heating),
    ...flat(YEAR, [90, 85, 60, 21, 0, 0]).filter(({ month }) => month !== '2026-02'),
  ];
  const forecast = valueOf(series);
  expect(forecast.open.map(({ month }) => month)).toEqual([
    '2026-02',
    '2026-07',
    '2026-08',
    '2026-09',
    '2026-10',
    '2026-11',
    '2026-12',
  ]);
  expect(forecast.low).toBeLessThan(422);
  expect(forecast.high).toBeGreaterThan(422);
});

test('the interval never goes below what is used already, and closes with the year', () => {
  const wild = [
    ...flat(2024, [1, 1, 1, 1, 1, 1, 900, 1, 1, 1, 1, 1]),
    ...flat(2025, [900, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
  ];
  expect(valueOf([...wild, ...flat(YEAR, [5, 5, 5, 5])]).low).toBe(20);
  expect(valueOf([...wild, ...flat(YEAR, heating)])).toMatchObject({ estimate: 420, low: 420, high: 420, open: [] });
});

test.each([
  ['no whole year before', flat(YEAR, [1, 2, 3, 4])],
  ['eleven months before', [...flat(2025, heating.slice(1)), ...flat(YEAR, [1, 2, 3, 4])]],
  ['no month of the year', flat(2025, heating)],
  ['one year before and two months', [...flat(2025, heating), ...flat(YEAR, [90, 80])]],
])('%s: no forecast, with reason and cure', (_, series) => {
  expect(forecastYear(byYear(series), YEAR)).toMatchObject({
    ok: false,
    missing: { what: 'forecast', cure: { zh: expect.any(String), en: expect.any(String) } },
  });
});
