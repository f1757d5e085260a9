import fc from 'fast-check';
import { type Bracket, DAY, type GaugeSlot, MINUTE, type Rank, type Stamp } from '../../../pipeline/domain/index.ts';

export const dayArbitrary = fc.integer({ min: 0, max: 40_000 });

const value = fc.oneof(
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, -1),
);
const rank: fc.Arbitrary<Rank> = fc.constantFrom(0, 1, 1, 1, 2);
const claim = fc.record({ value, rank });
const stampParts = fc.record(
  { value, rank, other: fc.option(claim, { nil: undefined, freq: 6 }) },
  { requiredKeys: ['value', 'rank', 'other'] },
);

/** Instants of a day: slot boundaries, whole seconds and any millisecond. */
const into = (length: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constant(0),
    fc.constant(length - 1),
    fc.integer({ min: 0, max: Math.floor((length - 1) / 1000) }).map((s) => s * 1000),
    fc.integer({ min: 0, max: length - 1 }),
  );

interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Slots of a day, some of them left out, some of them cut. */
const pieces = (day: number): fc.Arbitrary<readonly Piece[]> =>
  fc
    .record({
      slot: fc.constantFrom(15, 30, 60).map((m) => m * MINUTE),
      kept: fc.array(fc.boolean(), { minLength: 96, maxLength: 96 }),
      cuts: fc.array(into(DAY), { maxLength: 3 }),
    })
    .map(({ slot, kept, cuts }) => {
      const starts = Array.from({ length: DAY / slot }, (_, i) => i * slot);
      const all = [...new Set([...starts, ...cuts])].toSorted((a, b) => a - b);
      return all
        .map((start, i) => ({ start: day * DAY + start, end: day * DAY + (all[i + 1] ?? DAY) }))
        .filter((_, i) => kept[i % 96]);
    });

const bracketIn = ({ start, end }: Piece): fc.Arbitrary<Bracket> =>
  fc.tuple(into(end - start), into(end - start), stampParts, stampParts).map(([x, y, a, b]) => {
    const first: Stamp = { at: start + Math.min(x, y), ...a };
    return { start, first, last: x === y ? first : { at: start + Math.max(x, y), ...b } };
  });

/** A register that is polled as most are: same instants as its neighbours, rising, rank good. */
const regular = (list: readonly Piece[], seed: number): readonly Bracket[] =>
  list.map(({ start, end }, i) => {
    const first: Stamp = { at: start, value: seed + i * 40, rank: 1 };
    return {
      start,
      first,
      last: end - start > 1 ? { at: start + Math.floor((end - start) / 2), value: seed + i * 40 + 30, rank: 1 } : first,
    };
  });

const registersOf = <T>(list: fc.Arbitrary<readonly T[]>): fc.Arbitrary<Map<number, readonly T[]>> =>
  fc
    .uniqueArray(fc.tuple(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 32_767 })), list), {
      selector: ([ordinal]) => ordinal,
      maxLength: 6,
    })
    .map((entries) => new Map(entries.filter(([, items]) => items.length > 0)));

export const dayBracketsArbitrary = (day: number): fc.Arbitrary<Map<number, readonly Bracket[]>> =>
  registersOf(
    pieces(day).chain((list) =>
      fc.oneof(
        fc.tuple(...list.map(bracketIn)) as fc.Arbitrary<readonly Bracket[]>,
        fc.nat({ max: 1_000_000 }).map((seed) => regular(list, seed)),
      ),
    ),
  );

export const dayGaugesArbitrary = (day: number): fc.Arbitrary<Map<number, readonly GaugeSlot[]>> =>
  registersOf(
    pieces(day).chain(
      (list) =>
        fc.tuple(
          ...list.map(({ start, end }) =>
            fc
              .tuple(value, value, value, fc.oneof(fc.constant(0), into(end - start)))
              .map(([a, b, c, at]): GaugeSlot => {
                const [min, last, max] = [a, b, c].toSorted((x, y) => x - y);
                return { start, min: min ?? 0, max: max ?? 0, last: last ?? 0, lastAt: start + at };
              }),
          ),
        ) as fc.Arbitrary<readonly GaugeSlot[]>,
    ),
  );
