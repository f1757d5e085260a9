import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModbusRegister, WordType } from '../../../collectors/contract.ts';
import { WORDS_OF } from '../../../collectors/devices/index.ts';
import { type PlannedRead, planReads, type ReadLimits, splitRead } from '../../../collectors/modbus/planner.ts';

const register = (name: string, address: number, type: WordType = 'u16', code: 3 | 4 = 3): ModbusRegister => ({
  name,
  quantity: 'x',
  kind: 'gauge',
  unit: 'W',
  scale: '1',
  fc: code,
  address,
  type,
  order: 'AB',
});

const endOf = (r: ModbusRegister): number => r.address + WORDS_OF[r.type];
const shape = (plan: readonly PlannedRead[]): readonly unknown[] =>
  plan.map((r) => [r.fc, r.address, r.words, r.registers.map((x) => x.name).join('')]);

/** Registers that do not overlap, in any order, with gaps of 0 to 40 words. */
const layouts = fc
  .array(
    fc.record({
      gap: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 40 })),
      type: fc.constantFrom<WordType>('u16', 'u32', 'f64'),
      code: fc.constantFrom<3 | 4>(3, 3, 3, 4),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .chain((items) => {
    let address = 0;
    const registers = items.map(({ gap, type, code }, i) => {
      const r = register(`r${i}`, address + gap, type, code);
      address = endOf(r);
      return r;
    });
    return fc.shuffledSubarray(registers, { minLength: registers.length });
  });

/** Refused ranges that hold no register: only what lies in the gaps. */
const limitsFor = (registers: readonly ModbusRegister[]): fc.Arbitrary<ReadLimits> => {
  const ordered = registers.toSorted((a, b) => a.address - b.address);
  const gaps = ordered.flatMap((r, i) => {
    const next = ordered[i + 1];
    return next && next.address > endOf(r) ? [{ from: endOf(r), to: next.address - 1 }] : [];
  });
  return fc.record({
    maxWords: fc.integer({ min: 4, max: 140 }),
    noGaps: fc.boolean(),
    refuses: fc
      .subarray(gaps)
      .map((ranges) => ranges.flatMap((range) => [3 as const, 4 as const].map((code) => ({ fc: code, ...range })))),
  });
};

const cases = layouts.chain((registers) => fc.tuple(fc.constant(registers), limitsFor(registers)));

const allowed = (run: readonly ModbusRegister[], limits: ReadLimits): boolean => {
  const [from, to] = [Math.min(...run.map((r) => r.address)), Math.max(...run.map(endOf)) - 1];
  const covered = run.reduce((sum, r) => sum + WORDS_OF[r.type], 0);
  return (
    new Set(run.map((r) => r.fc)).size === 1 &&
    to - from + 1 <= Math.min(limits.maxWords, 125) &&
    (!limits.noGaps || covered === to - from + 1) &&
    !limits.refuses?.some((range) => range.fc === run[0]?.fc && range.from <= to && range.to >= from)
  );
};

/** Fewest runs by dynamic programming over the ordered registers of one function. */
const fewest = (registers: readonly ModbusRegister[], limits: ReadLimits): number => {
  const best = [0];
  for (let end = 1; end <= registers.length; end++) {
    let least = Infinity;
    for (let start = 0; start < end; start++) {
      if (allowed(registers.slice(start, end), limits)) least = Math.min(least, (best[start] ?? Infinity) + 1);
    }
    best.push(least);
  }
  return best.at(-1) ?? Infinity;
};

describe('planReads', () => {
  test('merges neighbours and what lies across a gap into one request', () => {
    expect(
      shape(planReads([register('b', 12, 'u32'), register('a', 10, 'u32'), register('c', 30)], { maxWords: 60 })),
    ).toEqual([[3, 10, 21, 'abc']]);
  });

  test('begins a new request where the next value would not fit whole', () => {
    const registers = [register('a', 0, 'u64'), register('b', 4, 'u64'), register('c', 8, 'u64')];
    expect(shape(planReads(registers, { maxWords: 10 }))).toEqual([
      [3, 0, 8, 'ab'],
      [3, 8, 4, 'c'],
    ]);
  });

  test('never asks for more than 125 words, whatever the model says', () => {
    const plan = planReads([register('a', 0), register('b', 125)], { maxWords: 500 });
    expect(plan).toHaveLength(2);
  });

  test('two functions never share a request', () => {
    expect(planReads([register('a', 0), register('b', 1, 'u16', 4)], { maxWords: 60 })).toHaveLength(2);
  });

  test('every register is read whole, once, within every limit of its device', () => {
    fc.assert(
      fc.property(cases, ([registers, limits]) => {
        const plan = planReads(registers, limits);
        const names = plan.flatMap((read) => read.registers.map((r) => r.name));
        expect(names.toSorted()).toEqual(registers.map((r) => r.name).toSorted());
        for (const read of plan) {
          expect(allowed(read.registers, limits)).toBe(true);
          expect(read.address).toBe(Math.min(...read.registers.map((r) => r.address)));
          expect(read.address + read.words).toBe(Math.max(...read.registers.map(endOf)));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('no plan has fewer requests', () => {
    fc.assert(
      fc.property(cases, ([registers, limits]) => {
        const ordered = registers.toSorted((a, b) => a.fc - b.fc || a.address - b.address);
        expect(planReads(registers, limits)).toHaveLength(fewest(ordered, limits));
      }),
      { numRuns: 500 },
    );
  });
});

describe('splitRead', () => {
  test('gives two requests that together hold the same registers, and stops at one', () => {
    fc.assert(
      fc.property(layouts, (registers) => {
        for (const read of planReads(registers, { maxWords: 125 })) {
          const halves = splitRead(read);
          expect(halves === undefined).toBe(read.registers.length === 1);
          if (!halves) continue;
          expect(halves.flatMap((half) => half.registers)).toEqual(read.registers);
          for (const half of halves) expect(half.words).toBeLessThanOrEqual(read.words);
        }
      }),
    );
  });
});

test('a split total is never split over two requests', () => {
  const parts = [{ address: 6, type: 'u32', order: 'ABCD', times: 10_000 }] as const;
  const total: ModbusRegister = { ...register('t', 10), parts };
  const [before, between] = [register('a', 4), register('b', 8)];
  expect(shape(planReads([total, before, between], { maxWords: 6 }))).toEqual([
    [3, 4, 1, 'a'],
    [3, 6, 5, 'tb'],
  ]);
  expect(shape(planReads([total, before, between], { maxWords: 7 }))).toEqual([[3, 4, 7, 'atb']]);
});
