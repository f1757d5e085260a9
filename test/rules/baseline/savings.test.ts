import { dayOfCivil } from '#domain';
import { describe, expect, test } from 'vitest';
import { type Baseline, fitBaseline, type Savings, savingsOf, type UseDay } from '../../../rules/baseline/index.ts';
import { generator } from '../../support/random.ts';
import { type Building, simulatedDays } from './simulated-building.ts';

const [A, B, C] = [dayOfCivil(2024, 1, 1), dayOfCivil(2025, 1, 1), dayOfCivil(2026, 1, 1)];
const CLIMATES = [
  { winter: -5, summer: 23 },
  { winter: 13, summer: 29 },
  { winter: 0, summer: 28 },
] as const;
const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

function fitted(days: readonly UseDay[], span = { from: A, to: B }): Baseline {
  const answer = fitBaseline(days, span);
  if (!answer.ok) throw new Error(JSON.stringify(answer.missing));
  return answer.value;
}

function saved(baseline: Baseline, days: readonly UseDay[]): Savings {
  const answer = savingsOf(baseline, days, { from: B, to: C });
  if (!answer.ok) throw new Error(JSON.stringify(answer.missing));
  return answer.value;
}

/** 200 buildings that save a tenth from 2025 on; the truth is the same days without the retrofit. */
function trial(seed: number, lasting: number): { readonly coverage: number; readonly halfWidth: number } {
  const random = generator(seed);
  const runs = Array.from({ length: 200 }, (_, at) => {
    const climate = CLIMATES[at % CLIMATES.length] ?? CLIMATES[0];
    const base = 1e6 * (0.5 + random());
    const building: Building = {
      base,
      workdayStep: base * 0.4 * random(),
      heating: base * (0.01 + 0.03 * random()),
      cooling: base * (0.02 + 0.03 * random()),
      heatingPoint: 12 + 5 * random(),
      coolingPoint: 20 + 4 * random(),
      noise: 0.06 + 0.06 * random(),
      lasting,
    };
    const own = Math.floor(random() * 2 ** 32);
    const days = (share: number): readonly UseDay[] =>
      simulatedDays(generator(own), building, { from: A, to: C, retrofit: B, saved: share, ...climate });
    const [after, before] = [days(0.1), days(0)];
    const sum = (list: readonly UseDay[]): number =>
      list.reduce((total, { day, use = 0 }) => total + (day >= B ? use : 0), 0);
    const truth = sum(before) - sum(after);
    const { low, high } = saved(fitted(after), after);
    return { held: low <= truth && truth <= high, half: (high - low) / 2 / truth };
  });
  return {
    coverage: runs.filter(({ held }) => held).length / runs.length,
    halfWidth: median(runs.map(({ half }) => half)),
  };
}

describe('of a saving of a tenth', () => {
  test.each([0, 0.4, 0.7])(
    'the 95 %% interval holds the truth in 90 to 99 %% of 200 buildings and is narrow enough, where scatter lasts %d',
    (lasting) => {
      const { coverage, halfWidth } = trial(31, lasting);
      expect(coverage).toBeGreaterThanOrEqual(0.9);
      expect(coverage).toBeLessThanOrEqual(0.99);
      expect(halfWidth).toBeLessThanOrEqual(0.5);
    },
  );
});

const quiet: Building = {
  base: 1e6,
  workdayStep: 2e5,
  heating: 3e4,
  cooling: 4e4,
  heatingPoint: 14,
  coolingPoint: 22,
  noise: 0,
  lasting: 0,
};
const run = { from: A, to: C, retrofit: C, saved: 0, winter: -5, summer: 29 };

test('without scatter the model finds the building: balance points, slopes, base and workdays', () => {
  const baseline = fitted(simulatedDays(generator(1), quiet, run));
  expect(baseline.shape).toEqual({ workdays: true, heatingPoint: 14, coolingPoint: 22 });
  expect(baseline.base).toBeCloseTo(1e6, -1);
  expect(baseline.workdayStep).toBeCloseTo(2e5, -1);
  expect(baseline.heatingSlope).toBeCloseTo(3e4, -1);
  expect(baseline.coolingSlope).toBeCloseTo(4e4, -1);
  expect(baseline.quality.rSquared).toBeCloseTo(1, 6);
  expect(baseline.quality.nmbe).toBeCloseTo(0, 9);
});

test('workdays come from the calendar given, not from the week', () => {
  const days = simulatedDays(generator(1), { ...quiet, workdayStep: 0 }, run).map((day) => {
    const workday = day.day % 10 < 6;
    return { ...day, workday, use: (day.use ?? 0) + (workday ? 3e5 : 0) };
  });
  expect(fitted(days).workdayStep).toBeCloseTo(3e5, -1);
  expect(fitted(days.map(({ workday: _, ...day }) => day)).workdayStep).not.toBeCloseTo(3e5, -3);
});

test('use that follows no weather gets the steady model, and no slope is ever below 0', () => {
  const steady = fitted(simulatedDays(generator(2), { ...quiet, heating: 0, cooling: 0 }, run));
  expect(steady.shape).toEqual({ workdays: true });
  const odd = fitted(simulatedDays(generator(2), { ...quiet, heating: -1e4, cooling: -1e4, noise: 0.05 }, run));
  expect(odd.shape.heatingPoint).toBeUndefined();
  expect(odd.coolingSlope ?? 0).toBeGreaterThanOrEqual(0);
});

test('scatter that lasts makes the interval wider than as many independent days would', () => {
  const width = (lasting: number): number => {
    const days = simulatedDays(generator(5), { ...quiet, noise: 0.1, lasting }, run);
    const { low, high } = saved(fitted(days), days);
    return high - low;
  };
  expect(width(0.7)).toBeGreaterThan(1.8 * width(0));
});

test('days without use or temperature are in neither sum, and days beyond the baseline’s weather are counted', () => {
  const days = simulatedDays(generator(3), quiet, run);
  const baseline = fitted(days);
  const whole = saved(baseline, days);
  const gaps = saved(
    baseline,
    days.map((day) => (day.day === B + 3 ? { ...day, use: undefined } : day)),
  );
  expect([whole.days, gaps.days, gaps.spanDays]).toEqual([365, 364, 365]);
  expect(Math.abs(whole.saving)).toBeLessThan(1000);
  expect(whole.actual - gaps.actual).toBe(days.find(({ day }) => day === B + 3)?.use);
  const hot = days.map((day) => (day.day < B + 2 ? { ...day, temperature: 60 } : day)).filter(({ day }) => day >= B);
  expect(saved(baseline, hot).beyond).toBeGreaterThanOrEqual(2);
});
