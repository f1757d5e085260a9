import { expect, test } from 'vitest';
import type { BarometerRow } from '../../../rules/catalogue/rows.ts';
import type { TargetRow } from '../../../rules/contract.ts';
import {
  allowanceOf,
  type BarometerFacts,
  barometerOf,
  byYear,
  type MonthAmount,
  trackTarget,
} from '../../../rules/control/index.ts';

const common = {
  region: '000000',
  from: '2021-01-01',
  source: { document: 'test', clause: '1', year: 2021 },
  confidence: 'A',
  verified: true,
} as const;
const row: TargetRow = {
  ...common,
  id: 'targets/area',
  kind: 'target',
  plan: '14th',
  metric: 'energy-per-area',
  baseYear: 2020,
  targetYear: 2025,
  change: -0.05,
  unit: 'kgce/(m2·a)',
};
const total: TargetRow = {
  ...row,
  id: 'targets/total',
  metric: 'energy-total',
  change: undefined,
  cap: 189,
  unit: 'Mtce',
};
const threshold = (comparison: BarometerRow['comparison'], level1: number, level2: number): BarometerRow => ({
  ...common,
  id: `barometer/${comparison}`,
  kind: 'barometer',
  comparison,
  level1,
  level2,
});
const year = (of: number, amount: number, count = 12): readonly MonthAmount[] =>
  Array.from({ length: count }, (_, at) => ({ month: `${of}-${String(at + 1).padStart(2, '0')}`, amount }));

test('an intensity grants its value at an equal pace, times the year’s own area', () => {
  const years = byYear(year(2020, 1000));
  const at = (when: number, area = 100): unknown =>
    allowanceOf({ row, years, year: when, denominators: { 2020: 100, [when]: area } });
  expect(at(2020)).toMatchObject({ value: { amount: 12_000, value: 120 } });
  expect(at(2021)).toMatchObject({ value: { amount: 11_878 } });
  expect(at(2025)).toMatchObject({ value: { amount: 11_400, value: 114, target: 114 } });
  expect(at(2025, 150)).toMatchObject({ value: { amount: 17_100, value: 114 } });
});

test('a cap is read in its own unit: 164 to 189 Mtce', () => {
  const input = { row: total, years: byYear([]), baseAmount: 164_000_000, capUnit: 1_000_000 };
  expect(allowanceOf({ ...input, year: 2025 })).toMatchObject({ value: { amount: 189_000_000 } });
  expect(allowanceOf({ ...input, year: 2022 })).toMatchObject({
    value: { amount: Math.round(164e6 * (189 / 164) ** 0.4) },
  });
  expect(allowanceOf({ ...input, capUnit: undefined, year: 2025 })).toMatchObject({ ok: false });
});

test('what a decomposition granted goes before the row', () => {
  expect(allowanceOf({ row: total, years: byYear([]), year: 2023, granted: 777 })).toMatchObject({
    value: { amount: 777, from: 'decomposition' },
  });
});

test.each([
  ['a year beyond the plan', { year: 2026 }],
  ['no base year', { series: [] }],
  ['no area of the year', { denominators: { 2020: 100 } }],
  ['no area of the base year', { denominators: { 2023: 100 } }],
  ['nothing used in the base year', { series: year(2020, 0) }],
])('%s: no allowance, with a cure', (_, change) => {
  const input = {
    row,
    series: year(2020, 10),
    year: 2023,
    denominators: { 2020: 100, 2023: 100 },
    thresholds: [],
    ...change,
  };
  expect(trackTarget(input).allowance).toMatchObject({ ok: false, missing: { cure: { en: expect.any(String) } } });
});

test('an area of 0 is refused by name', () => {
  expect(() =>
    allowanceOf({ row, years: byYear(year(2020, 1)), year: 2021, denominators: { 2020: 1, 2021: 0 } }),
  ).toThrow(expect.objectContaining({ code: 'DENOMINATOR_INVALID', place: '2021' }));
});

const facts = {
  year: 2023,
  baseYear: 2020,
  targetYear: 2025,
  base: 100,
  target: 90,
  planned: 94,
  last: 97,
  growthLimit: 2,
};
const forecast = (estimate: number): { estimate: number; low: number; high: number } => ({
  estimate,
  low: estimate - 3,
  high: estimate + 3,
});

test('one place can stand at three levels', () => {
  const rows = [
    threshold('yearly-task', 1.2, 0.5),
    threshold('plan-schedule', 0.5, 0.2),
    threshold('growth-limit', 0.5, 0),
  ];
  const readings = barometerOf({ ...facts, forecast: forecast(97.5) }, rows);
  // yearly task 2, progress −0.5: lag 1.25; schedule (97.5 − 94) ÷ 10; growth (0.5 − 2) ÷ 2
  expect(readings.map(({ answer }) => answer.ok && [answer.value.level, answer.value.lag])).toEqual([
    [1, 1.25],
    [2, 0.35],
    [3, -0.75],
  ]);
});

test('a level is reached at its threshold, and the ends of the forecast have levels of their own', () => {
  const [reading] = barometerOf({ ...facts, forecast: forecast(96) }, [threshold('plan-schedule', 0.5, 0.2)]);
  expect(reading?.answer).toMatchObject({
    value: { level: 2, lag: 0.2, worst: 1, best: 3, row: 'barometer/plan-schedule' },
  });
});

test.each<[string, BarometerRow['comparison'], Partial<BarometerFacts>]>([
  ['last year is not whole', 'yearly-task', { last: undefined }],
  ['the target asks for no reduction', 'yearly-task', { target: 110 }],
  ['the base year is unknown', 'plan-schedule', { base: undefined }],
  ['the plan has no value', 'plan-schedule', { planned: undefined }],
  ['no growth is granted', 'growth-limit', { growthLimit: undefined }],
])('%s: no level', (_, comparison, change) => {
  const [reading] = barometerOf({ ...facts, ...change, forecast: forecast(95) }, [threshold(comparison, 0.2, 0.1)]);
  expect(reading?.answer.ok).toBe(false);
});

test('no forecast and no thresholds: no levels', () => {
  expect(barometerOf(facts, [threshold('yearly-task', 0.2, 0.1)])[0]?.answer).toMatchObject({ ok: false });
  expect(barometerOf({ ...facts, forecast: forecast(95) }, [])).toEqual([]);
});

test('one target is followed through one year: allowance, path, progress, forecast, levels, rows used', () => {
  const series = [...year(2020, 1000), ...year(2022, 990), ...year(2023, 960, 6)];
  const thresholds = [threshold('yearly-task', 0.5, 0.2), threshold('plan-schedule', 0.1, 0)];
  const denominators = { 2020: 100, 2022: 100, 2023: 100 };
  const tracking = trackTarget({ row, series, year: 2023, denominators, thresholds });
  expect(tracking.path).toMatchObject({ value: { total: 11_636, seasonFrom: 2020 } });
  expect(tracking.progress).toMatchObject({ value: { through: '2023-06', actual: 5760 } });
  expect(tracking.forecast).toMatchObject({ value: { estimate: 11_520, history: [2020, 2022] } });
  expect(tracking.barometer.map(({ answer }) => answer.ok && answer.value.level)).toEqual([3, 3]);
  expect(tracking.rows).toEqual(['targets/area', 'barometer/yearly-task', 'barometer/plan-schedule']);
});
