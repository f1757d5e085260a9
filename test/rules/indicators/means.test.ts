import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeWeightedMean, visitorHeads } from '../../../rules/indicators/index.ts';

const dated = fc.record({ from: fc.integer({ min: 1, max: 400 }), value: fc.integer({ min: 0, max: 5000 }) });
const series = fc.array(dated, { maxLength: 6 }).map((steps) => [{ from: 0, value: 100 }, ...steps]);
const valueOn = (steps: readonly { from: number; value: number }[], day: number): number =>
  steps.toSorted((a, b) => a.from - b.from).findLast((step) => step.from <= day)?.value ?? Number.NaN;

test('the mean is the mean of every day’s value', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 200 }), (steps, from, days) => {
      const mean = timeWeightedMean(steps, from, from + days);
      const byDay =
        Array.from({ length: days }, (_, at) => valueOn(steps, from + at)).reduce((a, b) => a + b, 0) / days;
      expect(mean.ok && mean.value).toBeCloseTo(byDay, 6);
    }),
  );
});

test('two adjoining periods weigh into the whole', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }), (steps, one, two) => {
      const [a, b, all] = [
        [0, one],
        [one, one + two],
        [0, one + two],
      ].map(([from = 0, to = 0]) => {
        const mean = timeWeightedMean(steps, from, to);
        return mean.ok ? mean.value : Number.NaN;
      });
      expect(((a ?? 0) * one + (b ?? 0) * two) / (one + two)).toBeCloseTo(all ?? -1, 6);
    }),
  );
});

test('what held before the first value is not known', () => {
  const answer = timeWeightedMean([{ from: 20_100, value: 5 }], 20_000, 20_365);
  expect(answer).toMatchObject({ ok: false, missing: { cure: { en: expect.stringContaining('2024-10-04') } } });
  expect(timeWeightedMean([], 0, 1).ok).toBe(false);
  expect(() => timeWeightedMean([], 5, 5)).toThrow(expect.objectContaining({ code: 'PERIOD_EMPTY' }));
});

test('visitors are person-days over the days that the caller names', () => {
  const meetings = [
    { persons: 300, days: 2 },
    { persons: 100, days: 3 },
  ];
  expect((1115 + visitorHeads(meetings, 365)).toFixed(2)).toBe('1117.47');
  expect((1115 + visitorHeads(meetings, 250)).toFixed(2)).toBe('1118.60');
});
