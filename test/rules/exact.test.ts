import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  add,
  compare,
  divide,
  exactOf,
  multiply,
  parseExact,
  roundHalfUp,
  roundParts,
  scaledHalfUp,
  sum,
  ZERO,
} from '../../rules/exact.ts';

const exacts = fc
  .tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.bigInt({ min: 1n, max: 10n ** 18n }))
  .map(([num, den]) => ({ num, den }));

test('decimals are taken as written', () => {
  expect(roundHalfUp(multiply(parseExact('0.1'), parseExact('3')), 6)).toBe(0.3);
  expect(parseExact(1e-7)).toEqual({ num: 1n, den: 10_000_000n });
  expect(parseExact('-2.50')).toEqual({ num: -250n, den: 100n });
  expect(() => parseExact('12,5')).toThrow(/is not a number/);
});

test('rounding by doubles and by whole numbers agree, halves go away from zero', () => {
  expect(roundHalfUp({ num: 5n, den: 10n }, 0)).toBe(1);
  expect(roundHalfUp({ num: -5n, den: 10n }, 0)).toBe(-1);
  expect(roundHalfUp(parseExact('0.0000005'))).toBe(0.000001);
  fc.assert(
    fc.property(exacts, fc.integer({ min: 0, max: 6 }), (value, digits) => {
      const scaled = Number(scaledHalfUp(value, digits));
      fc.pre(Number.isSafeInteger(scaled));
      expect(roundHalfUp(value, digits)).toBe(scaled / 10 ** digits + 0);
    }),
  );
});

test('rounded parts add up to the rounded total', () => {
  fc.assert(
    fc.property(fc.array(exacts, { minLength: 1, maxLength: 8 }), (parts) => {
      const small = parts.map((part) => divide(part, exactOf(10n ** 18n)));
      const added = roundParts(small, 3)
        .map((part) => BigInt(Math.round(part * 1000)))
        .reduce((a, b) => a + b, 0n);
      expect(added).toBe(scaledHalfUp(sum(small), 3));
    }),
  );
});

test('sums do not depend on order or grouping', () => {
  fc.assert(
    fc.property(exacts, exacts, exacts, (a, b, c) => {
      expect(compare(add(add(a, b), c), add(c, add(b, a)))).toBe(0);
      expect(compare(add(a, ZERO), a)).toBe(0);
    }),
  );
});
