import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { candidatesOf, SCALES } from '../../../collectors/commissioning/candidates.ts';
import { WORD_ORDERS, type WordOrder, type WordType } from '../../../collectors/contract.ts';

const TWO_WORD_ORDERS = WORD_ORDERS.filter((order) => order.length === 4);

/** Words of a 32-bit value as a meter of that order sends them. */
function wordsOf(type: WordType, order: WordOrder, value: number): readonly number[] {
  const view = new DataView(new ArrayBuffer(4));
  if (type === 'f32') view.setFloat32(0, value);
  else if (type === 'i32') view.setInt32(0, value);
  else view.setUint32(0, value);
  const bytes = Array.from(order, (letter) => view.getUint8(letter.charCodeAt(0) - 65));
  return [0, 2].map((at) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
}

describe('what a register may mean', () => {
  test('is found by what the face shows, in any order and scale', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 70_000, max: 900_000_000 }),
        fc.constantFrom(...TWO_WORD_ORDERS),
        fc.constantFrom(...SCALES),
        (raw, order, scale) => {
          const value = raw * Number(scale);
          const found = candidatesOf([wordsOf('u32', order, raw)], { value, digit: Number(scale) });
          const right = found.filter((one) => one.order === order && one.scale === scale && one.type === 'u32');
          expect(right).toHaveLength(1);
          // nothing that is off by more than the last digit stands before what agrees
          const before = found.slice(0, found.indexOf(right[0] ?? found[0] ?? never()));
          for (const { value: other } of before)
            expect(Math.abs(other - value)).toBeLessThanOrEqual(Number(scale) * 1.001);
        },
      ),
    );
  });

  test('puts a float that agrees before decimal digits that happen to', () => {
    const found = candidatesOf([[0x4229, 0x3f7d, 0, 0]], { value: 42.3, digit: 0.1 });
    expect(found[0]).toMatchObject({ type: 'f32', order: 'ABCD', scale: '1', plausible: true });
  });

  test('finds nothing where nothing comes near', () => {
    expect(candidatesOf([[0, 0, 0, 0]], { value: 84_210.5, digit: 0.1 })).toEqual([]);
  });

  test('without a face is the float where it is one, in each order', () => {
    for (const order of TWO_WORD_ORDERS) {
      const [first] = candidatesOf([wordsOf('f32', order, 230.7), wordsOf('f32', order, 230.9)]);
      expect(first).toMatchObject({ type: 'f32', order, doubts: [] });
    }
  });

  test('doubts what is no number, a marker, out of range, falls or jumps', () => {
    const doubtsOf = (readings: readonly (readonly number[])[], type: WordType, order: WordOrder) =>
      candidatesOf(readings).find((one) => one.type === type && one.order === order)?.doubts;
    expect(doubtsOf([[0x7fc0, 0]], 'f32', 'ABCD')).toEqual(['not-finite']);
    expect(doubtsOf([[0xffff, 0xffff]], 'u32', 'ABCD')).toContain('no-value-marker');
    expect(doubtsOf([[0x8000]], 'i16', 'AB')).toContain('no-value-marker');
    expect(doubtsOf([[0x4366, 0xaf31]], 'u32', 'ABCD')).toEqual(['out-of-range']);
    expect(
      doubtsOf(
        [
          [0, 500],
          [0, 400],
        ],
        'u32',
        'ABCD',
      ),
    ).toEqual(['fell']);
    expect(
      doubtsOf(
        [
          [0, 500],
          [1, 500],
        ],
        'u32',
        'ABCD',
      ),
    ).toEqual(['jumped']);
    expect(doubtsOf([[0, 500]], 'u32', 'CDAB')).toEqual(['low-word-zero']);
    expect(
      doubtsOf(
        [
          [0, 500],
          [0, 501],
        ],
        'u32',
        'ABCD',
      ),
    ).toEqual([]);
  });

  test('offers no wider value than words were read', () => {
    expect(candidatesOf([[17]]).every(({ order }) => order.length === 2)).toBe(true);
    expect(candidatesOf([])).toEqual([]);
  });
});

function never(): never {
  throw new Error('no candidate at all');
}
