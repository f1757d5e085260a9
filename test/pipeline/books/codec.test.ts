import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BRACKETS,
  decodeBrackets,
  decodeGauges,
  encodeBrackets,
  encodeGauges,
  GAUGES,
} from '../../../pipeline/books/codec.ts';
import { decodeOne } from '../../../pipeline/books/codec-day.ts';
import { type Bracket, DAY, HOUR, MINUTE } from '../../../pipeline/domain/index.ts';
import { dayArbitrary, dayBracketsArbitrary, dayGaugesArbitrary } from './arbitraries.ts';

const brackets = dayArbitrary.chain((day) => fc.tuple(fc.constant(day), dayBracketsArbitrary(day)));
const gauges = dayArbitrary.chain((day) => fc.tuple(fc.constant(day), dayGaugesArbitrary(day)));

/** Three registers read four times an hour, at whole seconds with a few milliseconds of delay, some 1–60 kW. */
const ordinaryDay = (day: number, jitter: (i: number) => number): Map<number, readonly Bracket[]> =>
  new Map(
    [0, 1, 2].map((ordinal) => {
      let value = 123_456_780 * (ordinal + 1);
      return [
        ordinal,
        Array.from({ length: 24 }, (_, hour): Bracket => {
          const start = day * DAY + hour * HOUR;
          const quarter = (ordinal + 1) * (500 + ((hour * 7) % 24) * 90);
          const first = { at: start + jitter(hour * 4), value, rank: 1 as const };
          const last = { at: start + 45 * MINUTE + jitter(hour * 4 + 3), value: value + 3 * quarter, rank: 1 as const };
          value += 4 * quarter;
          return { start, first, last };
        }),
      ];
    }),
  );

describe('packed brackets', () => {
  test('come back as they were, whatever is legal', () => {
    fc.assert(
      fc.property(brackets, ([day, registers]) => {
        expect(decodeBrackets(day, encodeBrackets(day, registers))).toEqual(registers);
      }),
      { numRuns: 500 },
    );
  });

  test('of one register come back as they were, past those of the others', () => {
    fc.assert(
      fc.property(brackets, gauges, ([day, registers], [gaugeDay, gaugeRegisters]) => {
        const bytes = encodeBrackets(day, registers);
        for (const [ordinal, items] of registers) expect(decodeOne(BRACKETS, day, bytes, ordinal)).toEqual(items);
        const gaugeBytes = encodeGauges(gaugeDay, gaugeRegisters);
        for (const [ordinal, items] of gaugeRegisters)
          expect(decodeOne(GAUGES, gaugeDay, gaugeBytes, ordinal)).toEqual(items);
        expect(decodeOne(BRACKETS, day, bytes, 40_000)).toEqual([]);
      }),
    );
  });

  test('equal brackets give equal bytes, in whatever order the registers were met', () => {
    fc.assert(
      fc.property(brackets, ([day, registers]) => {
        const shuffled = new Map([...registers].toReversed());
        shuffled.set(40_000, []);
        expect(encodeBrackets(day, structuredClone(shuffled))).toEqual(encodeBrackets(day, registers));
      }),
    );
  });

  test('a later slot leaves the bytes of the earlier ones alone', () => {
    fc.assert(
      fc.property(brackets, fc.nat({ max: DAY }), ([day, registers], until) => {
        const limit = day * DAY + until;
        const earlier = new Map(
          [...registers].map(([ordinal, list]) => [ordinal, list.filter((b) => b.start < limit)]),
        );
        const [short, long] = [encodeBrackets(day, earlier), encodeBrackets(day, registers)];
        const closed = short.subarray(0, -4);
        expect(long.subarray(0, closed.length)).toEqual(closed);
      }),
    );
  });

  test('cut or altered bytes, and bytes of another day, are an error and never another value', () => {
    fc.assert(
      fc.property(brackets, fc.nat(), fc.integer({ min: 1, max: 255 }), ([day, registers], where, flip) => {
        const bytes = encodeBrackets(day, registers);
        const altered = Uint8Array.from(bytes);
        const index = where % bytes.length;
        altered[index] = (bytes[index] ?? 0) ^ flip;
        const corrupt = expect.objectContaining({ code: 'PAYLOAD_CORRUPT' });
        expect(() => decodeBrackets(day, altered)).toThrowError(corrupt);
        expect(() => decodeBrackets(day, bytes.subarray(0, index))).toThrowError(corrupt);
        expect(() => decodeBrackets(day + 1, bytes)).toThrowError(corrupt);
        expect(() => decodeGauges(day, bytes)).toThrowError(corrupt);
      }),
    );
  });

  test('two claims at one instant that differ both come back, though no join makes them', () => {
    const first = { at: 5, value: 1, rank: 1 } as const;
    const odd = new Map([[0, [{ start: 0, first, last: { ...first, value: 2 } }]]]);
    expect(decodeBrackets(0, encodeBrackets(0, odd))).toEqual(odd);
  });

  test.each([
    ['a value beyond 2^53', { start: 0, first: 2 ** 53, at: 0 }],
    ['a fraction', { start: 0, first: 0.5, at: 0 }],
    ['a start of another day', { start: DAY, first: 1, at: DAY }],
    ['a time before its slot', { start: HOUR, first: 1, at: 0 }],
  ])('%s is refused', (_, { start, first, at }) => {
    const stamp = { at, value: first, rank: 1 as const };
    expect(() => encodeBrackets(0, new Map([[0, [{ start, first: stamp, last: stamp }]]]))).toThrowError(
      expect.objectContaining({ code: 'BRACKET_ILLEGAL' }),
    );
  });

  test('a register-hour of four readings takes about five bytes, and seven with jitter of milliseconds', () => {
    const size = (jitter: (i: number) => number): number =>
      encodeBrackets(20_000, ordinaryDay(20_000, jitter)).length / 72;
    expect(size(() => 0)).toBeLessThanOrEqual(5.3);
    expect(size((i) => 40 + ((i * 37) % 200))).toBeLessThanOrEqual(7.2);
  });
});

describe('packed gauges', () => {
  test('come back as they were, and altered ones are an error', () => {
    fc.assert(
      fc.property(gauges, fc.nat(), ([day, registers], where) => {
        const bytes = encodeGauges(day, registers);
        expect(decodeGauges(day, bytes)).toEqual(registers);
        const altered = Uint8Array.from(bytes);
        altered[where % bytes.length] = (altered[where % bytes.length] ?? 0) ^ 1;
        expect(() => decodeGauges(day, altered)).toThrowError(expect.objectContaining({ code: 'PAYLOAD_CORRUPT' }));
      }),
    );
  });
});
