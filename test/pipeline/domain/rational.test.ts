import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatRational,
  multiplyRational,
  parseRational,
  rational,
  scaleFloor,
  timesFloor,
} from '../../../pipeline/domain/index.ts';

/** Floor division by definition: the greatest q with q × b ≤ a. */
const floorOf = (a: bigint, b: bigint): bigint => {
  const q = a / b;
  return q * b > a ? q - 1n : q;
};

const valueArb = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -1e6, max: 1e6 }),
  fc.constantFrom(2 ** 53 - 1, -(2 ** 53) + 1),
);
const partArb = fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 2 ** 53 - 1 }));

describe('scaleFloor', () => {
  it('is the floor of the exact quotient, however large the product and whatever its sign', () => {
    fc.assert(
      fc.property(valueArb, partArb, partArb, (value, num, den) => {
        const exact = floorOf(BigInt(value) * BigInt(num), BigInt(den));
        fc.pre(exact <= BigInt(Number.MAX_SAFE_INTEGER) && exact >= -BigInt(Number.MAX_SAFE_INTEGER));
        expect(BigInt(scaleFloor(value, num, den))).toBe(exact);
      }),
      { numRuns: 20_000 },
    );
  });

  it('does not round up to a whole number near 2^53', () => {
    const value = 2 ** 53 - 1;
    expect(scaleFloor(value, 1, 2)).toBe(2 ** 52 - 1);
    expect(scaleFloor(value, 999_999, 1_000_000)).toBe(Number((BigInt(value) * 999_999n) / 1_000_000n));
    expect(scaleFloor(-1, 1, 3)).toBe(-1);
    expect(scaleFloor(-3, 1, 3)).toBe(-1);
  });

  it('telescopes: what is scaled at the boundaries adds up to the whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1e9), { minLength: 2, maxLength: 9 }),
        partArb,
        fc.integer({ min: 1, max: 999 }),
        (cuts, num, den) => {
          const ratio = { num: Math.min(num, 100_000), den };
          const faces = cuts.toSorted((a, b) => a - b).map((c) => timesFloor(c, ratio));
          const steps = faces.slice(1).map((v, i) => v - (faces[i] ?? 0));
          expect(steps.reduce((a, b) => a + b, 0)).toBe((faces.at(-1) ?? 0) - (faces[0] ?? 0));
          expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});

describe('rational', () => {
  const ratioArb = fc.tuple(fc.nat(1e7), fc.integer({ min: 1, max: 1e7 })).map(([a, b]) => rational(a, b));

  it('is in lowest terms, and reads what it writes', () => {
    fc.assert(
      fc.property(ratioArb, fc.integer({ min: 1, max: 1e6 }), (r, k) => {
        expect(rational(r.num * k, r.den * k)).toEqual(r);
        expect(parseRational(formatRational(r))).toEqual(r);
      }),
    );
  });

  it('multiplies exactly, in any order', () => {
    fc.assert(
      fc.property(ratioArb, ratioArb, (a, b) => {
        const product = multiplyRational(a, b);
        expect(BigInt(product.num) * BigInt(a.den) * BigInt(b.den)).toBe(
          BigInt(product.den) * BigInt(a.num) * BigInt(b.num),
        );
        expect(multiplyRational(b, a)).toEqual(product);
      }),
    );
  });

  it('reads decimals and fractions as people write them', () => {
    expect(['80', 80, '0.01', '400/5', ' 1 / 800 ', '2.5/0.5', '0', 0.25].map(parseRational)).toEqual([
      rational(80),
      rational(80),
      rational(1, 100),
      rational(80),
      rational(1, 800),
      rational(5),
      rational(0),
      rational(1, 4),
    ]);
    for (const bad of ['', '-1', '1/0', 'x', '1e3', '1/2/3', '99999999999999999999', NaN, Infinity, 0.1 + 1e-20 - 1])
      expect(() => parseRational(bad), String(bad)).toThrow(expect.objectContaining({ code: 'RATIO_INVALID' }));
    expect(() => rational(0.5)).toThrow(expect.objectContaining({ code: 'RATIO_INVALID' }));
  });
});
