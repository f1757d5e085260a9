import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bracket, GaugeSlot, Rank, Stamp } from '../../../pipeline/domain/index.ts';
import { bracketOf, joinBrackets, joinGauge, joinGauges, joinReading } from '../../../pipeline/ledger/join.ts';

interface Reading {
  readonly at: number;
  readonly value: number;
  readonly rank: Rank;
}

/** Few instants and values, so that claims collide. */
const readingArb: fc.Arbitrary<Reading> = fc.record({
  at: fc.integer({ min: 0, max: 4 }),
  value: fc.integer({ min: 0, max: 3 }),
  rank: fc.constantFrom<Rank>(0, 1, 2),
});
const readingsArb = fc.array(readingArb, { minLength: 1, maxLength: 12 });

const fold = ([first, ...rest]: readonly Reading[]): Bracket => {
  if (!first) throw new Error('a bracket holds a reading');
  return rest.reduce((b, r) => joinReading(b, r.at, r.value, r.rank), bracketOf(0, first.at, first.value, first.rank));
};

/** Word for word (ledger.md, 3.2): per value its best rank; the greatest and the second greatest (rank, value). */
function stampAt(readings: readonly Reading[], at: number): Stamp {
  const best = new Map<number, Rank>();
  for (const r of readings) if (r.at === at && r.rank >= (best.get(r.value) ?? 0)) best.set(r.value, r.rank);
  const [winner, other] = [...best].toSorted(([va, ra], [vb, rb]) => rb - ra || vb - va);
  const stamp = { at, value: winner?.[0] ?? NaN, rank: winner?.[1] ?? 0 };
  return other ? { ...stamp, other: { value: other[0], rank: other[1] } } : stamp;
}

const defined = (readings: readonly Reading[]): Bracket => {
  const instants = readings.map((r) => r.at);
  return { start: 0, first: stampAt(readings, Math.min(...instants)), last: stampAt(readings, Math.max(...instants)) };
};

describe('joining readings', () => {
  it('gives the earliest and the latest, each with the two greatest claims', () => {
    fc.assert(
      fc.property(readingsArb, (readings) => {
        expect(fold(readings)).toEqual(defined(readings));
      }),
    );
  });

  it('does not depend on order, repetition or grouping', () => {
    fc.assert(
      fc.property(readingsArb, readingsArb, readingsArb, (a, b, c) => {
        const [x, y, z] = [fold(a), fold(b), fold(c)];
        expect(joinBrackets(x, y)).toEqual(joinBrackets(y, x));
        expect(joinBrackets(joinBrackets(x, y), z)).toEqual(joinBrackets(x, joinBrackets(y, z)));
        expect(joinBrackets(x, x)).toBe(x);
        expect(joinBrackets(x, y)).toEqual(fold([...a, ...b]));
      }),
    );
  });

  it('a reading that says nothing new leaves the same object, so that nothing is written for it', () => {
    fc.assert(
      fc.property(readingsArb, (readings) => {
        const bracket = fold(readings);
        for (const r of readings) expect(joinReading(bracket, r.at, r.value, r.rank)).toBe(bracket);
      }),
    );
  });
});

describe('joining gauges', () => {
  const slot = ([first, ...rest]: readonly Reading[]): GaugeSlot => {
    if (!first) throw new Error('a slot holds a value');
    const start: GaugeSlot = { start: 0, min: first.value, max: first.value, lastAt: first.at, last: first.value };
    return rest.reduce((g, r) => joinGauge(g, r.at, r.value), start);
  };

  it('keeps min, max and the last value, whatever the order', () => {
    fc.assert(
      fc.property(readingsArb, readingsArb, (a, b) => {
        const values = a.map((r) => r.value);
        const lastAt = Math.max(...a.map((r) => r.at));
        expect(slot(a)).toEqual({
          start: 0,
          min: Math.min(...values),
          max: Math.max(...values),
          lastAt,
          last: Math.max(...a.filter((r) => r.at === lastAt).map((r) => r.value)),
        });
        expect(joinGauges(slot(a), slot(b))).toEqual(slot([...b, ...a]));
        expect(joinGauges(slot(a), slot(a))).toEqual(slot(a));
      }),
    );
  });
});
