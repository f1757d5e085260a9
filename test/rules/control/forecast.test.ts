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
): { readonly coverage: number; readonly halfWidth: number } {
  const random = generator(seed);
  const outcomes = Array.from({ length: 200 }, (_, at) => {
    const place = PLACES[at % PLACES.length];
    if (!place) throw new Error('no place');
    const behaviour = { trend: -0.03 + 0.06 * random(), noise: 0.02 + 0.03 * random(), anomaly: 1.2 + random() };
    const series = simulatedYears(random, place, behaviour, YEAR, history + 1);
    const truth = total(series.slice(-12));
    const { low, high } = valueOf(series.slice(0, history * 12 + known));
    return { held: low <= truth && truth <= high, half: (high - low) / 2 / truth };
  });
  return {
    coverage: outcomes.filter(({ held }) => held).length / outcomes.length,
    halfWidth: median(outcomes.map(({ half }) => half)),
  };
}

describe('made in July, the 80 % interval', () => {
  test.each([1, 2, 3, 5])('with %i whole years before holds 72 to 88 % of 200 years', (history) => {
    const { coverage } = trial(20 + history, history, 6);
    expect(coverage).toBeGreaterThanOrEqual(0.72);
    expect(coverage).toBeLessThanOrEqual(0.88);
  });

  test.each([2, 3, 5])('with %i whole years before has a median half-width of at most 6 %% of the year', (history) => {
    expect(trial(20 + history, history, 6).halfWidth).toBeLessThanOrEqual(0.06);
  });

  test('is wider with one year of history than with five', () => {
    expect(trial(7, 1, 6).halfWidth).toBeGreaterThan(1.2 * trial(7, 5, 6).halfWidth);
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

test('months without use in summer are no obstacle, and a gap counts as still open', () => {
  const series = [
    ...flat(2025, heating),
    ...flat(YEAR, [90, 85, 60, 21, 0, 0]).filter(({ month }) => month !== '2026-02'),
  ];
  const forecast = valueOf(series);
  expect(forecast.open).toEqual(['2026-02', '2026-07', '2026-08', '2026-09', '2026-10', '2026-11', '2026-12']);
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
