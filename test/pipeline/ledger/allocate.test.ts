import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AllocationRule, type Institution, rational, UNALLOCATED } from '../../../pipeline/domain/index.ts';
import { allocate, inForce, type Share, sharesOn } from '../../../pipeline/ledger/allocate.ts';

/** Shares of distinct parties that add up to 1 at most, over denominators of their own. */
const sharesArb: fc.Arbitrary<readonly Share[]> = fc
  .record({
    parties: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'v', 'z'), { maxLength: 6 }),
    parts: fc.array(fc.nat(1_000), { minLength: 6, maxLength: 6 }),
    rest: fc.nat(1_000),
  })
  .map(({ parties, parts, rest }) => {
    const used = parts.slice(0, parties.length);
    const whole = used.reduce((a, b) => a + b, rest) || 1;
    return parties.map((party, i) => ({ party, share: rational(used[i] ?? 0, whole) }));
  });
const amountArb = fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.maxSafeInteger());

const sum = (values: Iterable<number>): bigint => [...values].reduce((total, v) => total + BigInt(v), 0n);

describe('allocate', () => {
  it('adds up to the amount, exactly, and gives nobody the other sign', () => {
    fc.assert(
      fc.property(amountArb, sharesArb, (amount, shares) => {
        const parts = allocate(amount, shares);
        expect(sum(parts.values())).toBe(BigInt(amount));
        for (const part of parts.values()) expect(Math.sign(part)).toBe(Math.sign(amount));
      }),
    );
  });

  it('gives each party its exact part rounded down or up', () => {
    fc.assert(
      fc.property(amountArb, sharesArb, (amount, shares) => {
        const parts = allocate(amount, shares);
        for (const { party, share } of shares) {
          const exact = BigInt(Math.abs(amount)) * BigInt(share.num);
          const floor = exact / BigInt(share.den);
          const up = exact % BigInt(share.den) === 0n ? floor : floor + 1n;
          expect([floor, up]).toContain(BigInt(Math.abs(parts.get(party) ?? 0)));
        }
      }),
    );
  });

  it('does not depend on the order of the shares', () => {
    const shuffled = sharesArb.chain((shares) =>
      fc.tuple(fc.constant(shares), fc.shuffledSubarray([...shares], { minLength: shares.length })),
    );
    fc.assert(
      fc.property(amountArb, shuffled, (amount, [one, other]) => {
        expect(Object.fromEntries(allocate(amount, one))).toEqual(Object.fromEntries(allocate(amount, other)));
      }),
    );
  });

  it('gives the units left over to the largest remainders, ties in the order of the ids, unallocated among them', () => {
    const thirds = ['c', 'a', 'b'].map((party) => ({ party, share: rational(1, 3) }));
    expect(allocate(100, thirds)).toEqual(
      new Map([
        ['a', 34],
        ['b', 33],
        ['c', 33],
      ]),
    );
    expect(allocate(101, thirds)).toEqual(
      new Map([
        ['a', 34],
        ['b', 34],
        ['c', 33],
      ]),
    );
    const quarter = [{ party: 'z', share: rational(1, 4) }];
    expect(allocate(2, quarter)).toEqual(new Map([[UNALLOCATED, 2]]));
    expect(allocate(3, quarter)).toEqual(
      new Map([
        ['z', 1],
        [UNALLOCATED, 2],
      ]),
    );
    expect(allocate(-101, thirds)).toEqual(
      new Map([
        ['a', -34],
        ['b', -34],
        ['c', -33],
      ]),
    );
    expect(allocate(7, [])).toEqual(new Map([[UNALLOCATED, 7]]));
    expect(allocate(0, thirds)).toEqual(new Map());
  });
});

const institution = (id: string, headcount: number, area = 0): Institution => ({
  id,
  name: { zh: id, en: id },
  headcount: [{ from: 0, value: headcount }],
  area: [{ from: 0, value: area }],
});
const inputs = (institutions: readonly Institution[], usage: Readonly<Record<string, number>> = {}) => ({
  institutions: new Map(institutions.map((i) => [i.id, i])),
  usageOf: (point: string) => usage[point],
});

describe('shares of a day', () => {
  it('never add up to more than 1', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 5 }),
        fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
        (heads, of) => {
          const all = heads.map((h, i) => institution(`i${i}`, h));
          const rule: AllocationRule = { basis: 'headcount', among: all.map((i) => i.id), of };
          const shares = sharesOn(rule, 1, inputs(all));
          const den = shares.reduce((d, s) => d * BigInt(s.share.den), 1n);
          const total = shares.reduce((t, s) => t + (BigInt(s.share.num) * den) / BigInt(s.share.den), 0n);
          expect(total <= den).toBe(true);
        },
      ),
    );
  });

  it('go by headcount and area as they stand on that day, and leave what is beyond `of` unclaimed', () => {
    const growing = {
      ...institution('a', 10),
      headcount: [
        { from: 0, value: 10 },
        { from: 5, value: 30 },
      ],
    };
    const all = inputs([growing, institution('b', 10)]);
    const rule: AllocationRule = { basis: 'headcount', among: ['a', 'b'] };
    expect(sharesOn(rule, 4, all)).toEqual([
      { party: 'a', share: rational(1, 2) },
      { party: 'b', share: rational(1, 2) },
    ]);
    expect(sharesOn(rule, 5, all)).toEqual([
      { party: 'a', share: rational(3, 4) },
      { party: 'b', share: rational(1, 4) },
    ]);
    expect(sharesOn({ ...rule, of: 100 }, 4, all).map((s) => s.share)).toEqual([rational(1, 10), rational(1, 10)]);
  });

  it('are nobody’s where a sub-meter has nothing to say, or runs backwards', () => {
    const rule: AllocationRule = {
      basis: 'sub-meter',
      by: [
        { institution: 'a', point: 'pa' },
        { institution: 'b', point: 'pb' },
      ],
    };
    const all = [institution('a', 1), institution('b', 1)];
    expect(sharesOn(rule, 0, inputs(all, { pa: 30, pb: 10 })).map((s) => s.share)).toEqual([
      rational(3, 4),
      rational(1, 4),
    ]);
    expect(sharesOn(rule, 0, inputs(all, { pa: 30 }))).toEqual([]);
    expect(sharesOn(rule, 0, inputs(all, { pa: 30, pb: -1 }))).toEqual([]);
    expect(sharesOn(rule, 0, inputs(all, { pa: 0, pb: 0 }))).toEqual([]);
    expect(sharesOn(undefined, 0, inputs(all))).toEqual([]);
  });

  it('the entry in force is the last that began by then, whatever the order of the series', () => {
    const series = [
      { from: 5, value: 'new' },
      { from: 0, value: 'old' },
    ];
    expect([-1, 0, 4, 5, 99].map((day) => inForce(series, day))).toEqual([undefined, 'old', 'old', 'new', 'new']);
  });
});
