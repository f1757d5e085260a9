import { describe, expect, it } from 'vitest';
import { believedOf, faceOf, step, weightsOf } from './path.ts';
import type { Point } from './sequence.ts';

const HOUR = 3_600_000;
const at = (hours: number, value: number): Point => ({
  at: Math.round(hours * HOUR),
  value: BigInt(value),
  admitted: false,
  amount: undefined,
});
const hourly = (...values: readonly number[]): Point[] => values.map((value, i) => at(i, value));

describe('a step', () => {
  const rated = faceOf({ maxRate: 100, modulus: 1000 });

  it('advances by 1.2 times the rating and not by one unit more', () => {
    expect(step(rated, at(0, 10), at(1, 130))).toBe(120n);
    expect(step(rated, at(0, 10), at(1, 131))).toBeUndefined();
  });

  it('counts a minute at least', () => {
    expect(step(rated, at(0, 10), at(0.001, 12))).toBe(2n);
    expect(step(rated, at(0, 10), at(0.001, 13))).toBeUndefined();
  });

  it('falls back by a minute of the rating, or as far as it was told', () => {
    expect(step(rated, at(0, 10), at(1, 9))).toBe(-1n);
    expect(step(rated, at(0, 10), at(1, 8))).toBeUndefined();
    expect(step(faceOf({ maxRate: 100, backlash: 5 }), at(0, 10), at(1, 5))).toBe(-5n);
  });

  it('wraps while the cap is less than half the face', () => {
    expect(step(rated, at(0, 990), at(1, 110))).toBe(120n);
    expect(step(rated, at(0, 990), at(1, 111))).toBeUndefined();
    expect(step(rated, at(0, 990), at(4.1, 10))).toBe(20n);
    expect(step(rated, at(0, 990), at(4.2, 10))).toBeUndefined();
  });

  it('without a rating wraps from the top tenth to the bottom tenth', () => {
    const unrated = faceOf({ modulus: 1000 });
    expect(step(unrated, at(0, 900), at(1, 99))).toBe(199n);
    expect(step(unrated, at(0, 899), at(1, 99))).toBeUndefined();
    expect(step(unrated, at(0, 900), at(1, 100))).toBeUndefined();
    expect(step(unrated, at(0, 0), at(1, 999))).toBe(999n);
    expect(step(unrated, at(0, 5), at(1, 4))).toBeUndefined();
  });
});

describe('the cheapest explanation', () => {
  const rated = faceOf({ maxRate: 100 });

  it('weighs by whole six hours since the reading before', () => {
    expect(weightsOf([at(0, 0), at(12, 0), at(13, 0), at(30.9, 0), at(100, 0)])).toEqual([2, 2, 1, 2, 4]);
    expect(weightsOf([at(0, 0)])).toEqual([1]);
    expect(weightsOf([{ ...at(0, 0), admitted: true }, at(24, 0)])).toEqual([1000, 4]);
  });

  it('leaves out three wrong readings and breaks before five', () => {
    const run = (wrong: number) =>
      hourly(0, 1, 2, 3, 4, ...Array.from({ length: wrong }, (_, i) => 9000 + i), 10, 11, 12, 13, 14, 15);
    expect(believedOf(rated, run(3))).toEqual([0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13]);
    expect(believedOf(rated, run(12)).length).toBe(23);
  });

  it('prefers fewer breaks at equal cost: four right readings after a jump stay pending', () => {
    expect(believedOf(rated, hourly(0, 1, 2, 3, 4, 9000, 9001, 9002, 9003))).toEqual([0, 1, 2, 3, 4]);
    expect(believedOf(rated, hourly(0, 1, 2, 3, 4, 9000, 9001, 9002, 9003, 9004))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('of two single claims takes the later for its end', () => {
    expect(believedOf(rated, hourly(5, 9000))).toEqual([1]);
  });

  it('believes what was admitted, whatever it costs', () => {
    const points = hourly(0, 1, 2, 9000, 4, 5, 6).map((point, i) => ({ ...point, admitted: i === 3 }));
    expect(believedOf(rated, points)).toContain(3);
  });

  it('looks back over thirty readings and no further', () => {
    const run = (wrong: number) => [
      { ...at(0, 0), admitted: true },
      ...Array.from({ length: wrong }, (_, i) => at(i + 1, 900_000 - 10_000 * i)),
      { ...at(wrong + 1, 3), admitted: true },
    ];
    expect(believedOf(rated, run(30))).toEqual([0, 31]);
    expect(believedOf(rated, run(31)).length).toBe(3);
  });
});
