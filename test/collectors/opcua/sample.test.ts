import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasOverflowed, rawOf, severityOf } from '../../../collectors/opcua/sample.ts';

test('the two top bits of a status code are its severity', () => {
  expect([0x0000_0000, 0x0096_0000, 0x0000_0480].map(severityOf)).toEqual(['good', 'good', 'good']);
  expect([0x4090_0000, 0x4091_0000].map(severityOf)).toEqual(['uncertain', 'uncertain']);
  expect([0x8031_0000, 0x8000_0000, 0xffff_ffff].map(severityOf)).toEqual(['bad', 'bad', 'bad']);
});

test('the overflow bits say that the queue lost values', () => {
  expect([0x0480, 0x4090_0480, 0x0400, 0].map(hasOverflowed)).toEqual([true, true, false, false]);
});

test('every 64-bit integer survives its way as high and low word', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bits) => {
      const value = [Number(bits >> 32n), Number(bits & 0xffff_ffffn)];
      expect(rawOf({ value, type: 'UInt64' })).toBe(bits);
      expect(rawOf({ value, type: 'Int64' })).toBe(BigInt.asIntN(64, bits));
    }),
  );
});

test('what is not a number is none', () => {
  const values = [null, undefined, 'x', true, [1], [1, 'x'], { high: 1, low: 2 }];
  expect(values.map((value) => rawOf({ value, type: 'UInt64' }))).toEqual(values.map(() => undefined));
  expect(rawOf({ value: [1, 2], type: 'Double' })).toBeUndefined();
});
