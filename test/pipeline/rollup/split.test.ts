import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSplit, NO_SPLIT, splitLike } from '../../../pipeline/rollup/split.ts';

const KEYS = ['measured', 'interpolated', 'manual', 'disputed'] as const;
const partArb = fc.oneof(fc.nat(50), fc.integer({ min: -50, max: 50 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 }));
const splitArb = fc.record({ measured: partArb, interpolated: partArb, manual: fc.constant(0), disputed: partArb });

/** Shares of opposite signs can lie far beyond the whole, and beyond what a number holds: that is no question to it. */
const isRepresentable = (
  split: Readonly<Record<(typeof KEYS)[number], number>>,
  part: number,
  amount: number,
): boolean =>
  KEYS.every((key) => {
    const share = (BigInt(part) * BigInt(split[key])) / BigInt(amount);
    return share < 2n ** 51n && share > -(2n ** 51n); // and so do their sums
  });

describe('splitLike', () => {
  it('adds up to the part, whatever the signs', () => {
    fc.assert(
      fc.property(splitArb, partArb, (split, part) => {
        const amount = KEYS.reduce((sum, key) => sum + split[key], 0);
        fc.pre(amount === 0 || isRepresentable(split, part, amount));
        const got = splitLike(part, { ...split, amount });
        expect(KEYS.reduce((sum, key) => sum + got[key], 0)).toBe(part);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives each quality its exact share rounded down or up', () => {
    fc.assert(
      fc.property(splitArb, partArb, (split, part) => {
        const amount = KEYS.reduce((sum, key) => sum + split[key], 0);
        fc.pre(amount !== 0 && isRepresentable(split, part, amount));
        const got = splitLike(part, { ...split, amount });
        for (const key of KEYS) {
          const off = BigInt(got[key]) * BigInt(amount) - BigInt(part) * BigInt(split[key]);
          const whole = BigInt(Math.abs(amount));
          expect(-whole < off && off < whole, `${key} of ${JSON.stringify(split)}: ${part}`).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('a part that is all of it is split as it is', () => {
    fc.assert(
      fc.property(splitArb, (split) => {
        const amount = KEYS.reduce((sum, key) => sum + split[key], 0);
        const got = splitLike(amount, { ...split, amount });
        expect(got).toEqual(amount === 0 ? NO_SPLIT : split);
      }),
    );
  });

  it('by hand: remainders to the largest, ties to the better quality', () => {
    const whole = { measured: 50, interpolated: 50, manual: 0, disputed: 0, amount: 100 };
    expect(splitLike(33, whole)).toEqual({ ...NO_SPLIT, measured: 17, interpolated: 16 });
    expect(splitLike(-33, whole)).toEqual({ ...NO_SPLIT, measured: -17, interpolated: -16 });
    expect(splitLike(10, { ...NO_SPLIT, measured: 1, disputed: 2, amount: 3 })).toEqual({
      ...NO_SPLIT,
      measured: 3,
      disputed: 7,
    });
    expect(addSplit(splitLike(33, whole), splitLike(67, whole))).toEqual({
      ...NO_SPLIT,
      measured: 51,
      interpolated: 49,
    });
  });
});
