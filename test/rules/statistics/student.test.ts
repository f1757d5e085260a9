import fc from 'fast-check';
import { expect, test } from 'vitest';
import { studentQuantile, studentTwoSided } from '../../../rules/statistics/index.ts';

test.each([
  [0.8, 1, 3.0777],
  [0.8, 3, 1.6377],
  [0.95, 1, 12.7062],
  [0.95, 10, 2.2281],
  [0.95, 120, 1.9799],
  [0.99, 30, 2.75],
])('the %d quantile at %d degrees of freedom is the printed table’s', (confidence, freedom, printed) => {
  expect(studentQuantile(confidence, freedom)).toBeCloseTo(printed, 3);
});

test('quantile and probability undo each other, whole degrees of freedom or not', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.05, max: 0.995, noNaN: true }),
      fc.double({ min: 0.7, max: 400, noNaN: true }),
      (p, freedom) => {
        expect(studentTwoSided(studentQuantile(p, freedom), freedom)).toBeCloseTo(1 - p, 6);
      },
    ),
  );
});
