import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BRACKETS, encodeBrackets, encodeGauges, GAUGES } from '../../../pipeline/books/codec.ts';
import { closeSlot, openDay, packOpen, reopenDay, unpackOpen } from '../../../pipeline/books/codec-open.ts';
import { dayArbitrary, dayBracketsArbitrary, dayGaugesArbitrary } from './arbitraries.ts';

const brackets = dayArbitrary.chain((day) => fc.tuple(fc.constant(day), dayBracketsArbitrary(day)));
const gauges = dayArbitrary.chain((day) => fc.tuple(fc.constant(day), dayGaugesArbitrary(day)));
const ordinalsOf = (registers: ReadonlyMap<number, unknown>): readonly number[] =>
  [...registers.keys()].toSorted((a, b) => a - b);

describe('an open row', () => {
  test('packs to the bytes that it was opened from, before and after its running slot is closed', () => {
    let opened = 0;
    fc.assert(
      fc.property(brackets, ([day, registers]) => {
        const bytes = encodeBrackets(day, registers);
        const open = reopenDay(BRACKETS, day, ordinalsOf(registers), bytes);
        if (!open) return;
        opened += 1;
        expect(Buffer.from(packOpen(open))).toEqual(Buffer.from(bytes));
        expect(unpackOpen(open)).toEqual(registers);
        if (open.start >= 0) closeSlot(open);
        expect(Buffer.from(packOpen(open))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 500 },
    );
    expect(opened).toBeGreaterThan(50);
  });

  test('of gauges likewise', () => {
    fc.assert(
      fc.property(gauges, ([day, registers]) => {
        const bytes = encodeGauges(day, registers);
        const open = reopenDay(GAUGES, day, ordinalsOf(registers), bytes);
        if (!open) throw new Error('every gauge can be opened');
        expect(Buffer.from(packOpen(open))).toEqual(Buffer.from(bytes));
        if (open.start >= 0) closeSlot(open);
        expect(Buffer.from(packOpen(open))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('is not made of registers that are not among its columns', () => {
    const bytes = encodeGauges(
      5,
      new Map([[3, [{ start: 5 * 86_400_000, min: 1, max: 1, lastAt: 5 * 86_400_000, last: 1 }]]]),
    );
    expect(reopenDay(GAUGES, 5, [0, 1, 2], bytes)).toBeUndefined();
    expect(reopenDay(GAUGES, 5, [2, 3], bytes)?.start).toBe(0);
  });

  test('that is new packs to the bytes of a row without entries', () => {
    expect(Buffer.from(packOpen(openDay(BRACKETS, 7, [0, 1])))).toEqual(Buffer.from(encodeBrackets(7, new Map())));
  });
});
