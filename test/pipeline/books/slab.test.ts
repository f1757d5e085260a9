import { expect, test } from 'vitest';
import { slabsOf } from '../../../pipeline/books/slab.ts';

test('parts of a slab are all 0, as long as asked for, and never overlap, whatever their lengths', () => {
  const take = slabsOf(Float64Array);
  const parts = Array.from({ length: 3_000 }, (_, i) => take((i * 7) % 1_500));
  expect(parts.map((part) => part.length)).toEqual(parts.map((_, i) => (i * 7) % 1_500));
  expect(parts.every((part) => part.every((value) => value === 0))).toBe(true);
  for (const [i, part] of parts.entries()) part.fill(i + 1);
  expect(parts.every((part, i) => part.every((value) => value === i + 1))).toBe(true);
  expect(new Set(parts.map((part) => part.buffer)).size).toBeLessThan(parts.length / 2);
});
