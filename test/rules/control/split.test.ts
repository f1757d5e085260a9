import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitExact } from '../../../rules/control/index.ts';

const total = fc.maxSafeNat();
const weights = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 40 });
const sum = (parts: readonly number[]): bigint => parts.reduce((a, part) => a + BigInt(part), 0n);

test('parts add up to the total to the unit and none is off its exact share by a unit', () => {
  fc.assert(
    fc.property(total, weights, (whole, list) => {
      const parts = splitExact(whole, list);
      expect(sum(parts)).toBe(BigInt(whole));
      const all = sum(list);
      parts.forEach((part, at) => {
        const off = all === 0n ? 0n : BigInt(part) * all - BigInt(whole) * BigInt(list[at] ?? 0);
        expect(off < 0n ? -off : off).toBeLessThan(all === 0n ? 1n : all);
      });
    }),
  );
});

test('what is left over goes to the greatest remainder, of equals to the earlier', () => {
  expect(splitExact(10, [1, 1, 1])).toEqual([4, 3, 3]);
  expect(splitExact(10, [1, 2, 4])).toEqual([1, 3, 6]);
  expect(splitExact(7, [0, 0])).toEqual([4, 3]);
});

test.each([
  ['a total below 0', -1, [1]],
  ['half a unit', 0.5, [1]],
  ['no parts', 5, []],
  ['a weight below 0', 5, [1, -1]],
  ['half a weight', 5, [0.5]],
])('%s is refused', (_, whole, list) => {
  expect(() => splitExact(whole, list)).toThrow(expect.objectContaining({ code: 'SPLIT_INVALID' }));
});
