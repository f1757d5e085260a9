import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOfCivil, type Tariff, type TariffPeriod } from '../../../pipeline/domain/index.ts';
import { checkPrice, costOfDays, type DayUse, divideByWeight, toFen } from '../../../rules/cost/index.ts';

const JAN = dayOfCivil(2026, 1, 1);
const tariff = (terms: Tariff['terms'][number]['value'], from = 0): Tariff => ({
  id: 't',
  carrier: 'electricity',
  terms: [{ from, value: terms }],
});
const whole = (days: ReturnType<typeof costOfDays>): number => days.days.reduce((sum, { micro }) => sum + micro, 0);
/** 0.5683 yuan/kWh in millionths of a yuan per Wh. */
const PRICE = { num: 5683, den: 10 };

const HOURS: readonly TariffPeriod[] = Array.from({ length: 24 }, (_, h) =>
  h < 8 ? 'valley' : h < 17 ? 'flat' : 'peak',
);
const touPrices = { valley: { num: 300, den: 1 }, flat: { num: 600, den: 1 }, peak: { num: 900, den: 1 } };
const timeOfUse = tariff({
  kind: 'time-of-use',
  seasons: [
    { months: [1, 2, 3, 4, 5, 6, 9, 10, 11, 12], hours: HOURS, prices: touPrices },
    { months: [7, 8], hours: HOURS, prices: { ...touPrices, peak: { num: 1_200, den: 1 } } },
  ],
});

const dayUses = fc
  .array(fc.integer({ min: 0, max: 5_000_000 }), { minLength: 1, maxLength: 70 })
  .map((amounts) => amounts.map((amount, i): DayUse => ({ day: JAN + i, amount })));

describe('costs', () => {
  it('by a flat price: the days of a month add up to its exact cost, rounded down once', () => {
    fc.assert(
      fc.property(dayUses, (days) => {
        const { days: costs } = costOfDays(tariff({ kind: 'flat', price: PRICE }), days);
        for (const length of [31, 28]) {
          const from = length === 31 ? JAN : JAN + 31;
          const inside = (day: number): boolean => day >= from && day < from + length;
          const amount = days.filter((d) => inside(d.day)).reduce((sum, d) => sum + d.amount, 0);
          const cost = costs.filter((c) => inside(c.day)).reduce((sum, c) => sum + c.micro, 0);
          expect(cost).toBe(Number((BigInt(amount) * 5_683n) / 10n));
        }
      }),
    );
  });

  it('by tiers of a year: the price of a tier holds for its part alone, however the days cut it', () => {
    const tiers = tariff({
      kind: 'tiered',
      cycle: 'year',
      tiers: [
        { upTo: 1_000, price: { num: 2, den: 1 } },
        { upTo: 3_000, price: { num: 3, den: 1 } },
        { price: { num: 5, den: 1 } },
      ],
    });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 300 }), (amounts) => {
        const total = amounts.reduce((a, b) => a + b, 0);
        const expected =
          2 * Math.min(total, 1_000) + 3 * Math.max(0, Math.min(total, 3_000) - 1_000) + 5 * Math.max(0, total - 3_000);
        expect(
          whole(
            costOfDays(
              tiers,
              amounts.map((amount, i) => ({ day: JAN + i, amount })),
            ),
          ),
        ).toBe(expected);
      }),
    );
  });

  it('by tiers of a month begin anew each month', () => {
    const monthly = tariff({
      kind: 'tiered',
      cycle: 'month',
      tiers: [{ upTo: 100, price: { num: 1, den: 1 } }, { price: { num: 10, den: 1 } }],
    });
    expect(
      whole(
        costOfDays(monthly, [
          { day: JAN, amount: 150 },
          { day: JAN + 31, amount: 100 },
        ]),
      ),
    ).toBe(600 + 100);
  });

  it('by time of use: each hour at the price of its period and season, periods add up to the day', () => {
    const hours = Array.from({ length: 24 }, (_, h) => (h === 3 ? 10 : h === 10 ? 20 : h === 20 ? 30 : 0));
    const [winter, summer] = [JAN, dayOfCivil(2026, 7, 1)];
    const { days } = costOfDays(
      timeOfUse,
      [winter, summer].map((day) => ({ day, amount: 60, hours })),
    );
    expect(days).toEqual([
      { day: winter, micro: 3_000 + 12_000 + 27_000, byPeriod: { valley: 3_000, flat: 12_000, peak: 27_000 } },
      { day: summer, micro: 3_000 + 12_000 + 36_000, byPeriod: { valley: 3_000, flat: 12_000, peak: 36_000 } },
    ]);
  });

  it('by time of use need the hours, and say so where they are missing', () => {
    const { days, missing } = costOfDays(timeOfUse, [{ day: JAN, amount: 60 }]);
    expect(days).toEqual([]);
    expect(missing.map(({ reason }) => reason.split(':')[0])).toEqual(['HOURS_MISSING']);
  });

  it('change with the price from its day on; before the first price there is none', () => {
    const two: Tariff = {
      id: 't',
      carrier: 'water',
      terms: [
        { from: JAN + 1, value: { kind: 'flat', price: { num: 1, den: 1 }, capacity: { perMonth: 70 } } },
        { from: JAN + 2, value: { kind: 'flat', price: { num: 2, den: 1 }, capacity: { perMonth: 90 } } },
      ],
    };
    const cost = costOfDays(
      two,
      [JAN, JAN + 1, JAN + 2, JAN + 31].map((day) => ({ day, amount: 10 })),
    );
    expect(cost.days.map(({ micro }) => micro)).toEqual([10, 20, 20]);
    expect(cost.missing.map(({ reason }) => reason.split(':')[0])).toEqual(['TARIFF_MISSING']);
    expect([...cost.capacity.values()]).toEqual([90]); // no terms held on the first of January
  });

  it('are divided exactly, whatever the weights', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 2 ** 45 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), weights, (total, parts) => {
        const divided = divideByWeight(total, parts);
        expect(divided.reduce((a, b) => a + b, 0)).toBe(total);
        const sum = parts.reduce((a, b) => a + b, 0);
        const off = divided.map((part, i) => (sum === 0 ? 0 : Math.abs(part - (total * (parts[i] ?? 0)) / sum)));
        expect(Math.max(...off)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are divided down, and what is left over goes to those that lost most, small or large', () => {
    const size = fc.constantFrom(20, 1_000, 2 ** 24, 2 ** 45);
    const cases = size.chain((max) =>
      fc.tuple(
        fc.integer({ min: -max, max }),
        fc.array(fc.integer({ min: -max, max }), { minLength: 1, maxLength: 9 }).filter((w) => w.some((x) => x !== 0)),
      ),
    );
    fc.assert(
      fc.property(cases, ([total, weights]) => {
        const sum = weights.reduce((a, b) => a + BigInt(Math.abs(b)), 0n);
        const exact = weights.map((weight) => BigInt(Math.abs(total)) * BigInt(Math.abs(weight)));
        const extra = divideByWeight(total, weights).map((part, i) => BigInt(Math.abs(part)) - (exact[i] ?? 0n) / sum);
        expect(extra.every((more) => more === 0n || more === 1n)).toBe(true);
        const lost = (given: bigint) => exact.filter((_, i) => extra[i] === given).map((value) => value % sum);
        const least = lost(1n).reduce((a, b) => (b < a ? b : a), sum);
        expect(lost(0n).every((rest) => rest <= least)).toBe(true);
      }),
    );
  });

  it('of less than half a fen is zero, not minus zero', () => {
    expect(Object.is(toFen([-3_000]).total, 0)).toBe(true);
  });

  it('in fen add up to their rounded total', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), { maxLength: 40 }), (micros) => {
        const { fen, total } = toFen(micros);
        expect(fen.reduce((a, b) => a + b, 0)).toBe(total);
        expect(total).toBe(Math.round(micros.reduce((a, b) => a + b, 0) / 10_000) + 0);
        fen.forEach((one, i) => expect(Math.abs(one - (micros[i] ?? 0) / 10_000)).toBeLessThan(1));
      }),
    );
  });
});

describe('a unit price', () => {
  it('is checked against the tariff, else against the median of its neighbours, else not at all', () => {
    expect(checkPrice(0.7, 0.6, [])).toMatchObject({ against: 'tariff', suspicious: false });
    expect(checkPrice(6, 0.6, [])).toMatchObject({ against: 'tariff', suspicious: true });
    expect(checkPrice(0.9, undefined, [0.5, 0.6, 9])).toMatchObject({
      against: 'neighbours',
      expected: 0.6,
      suspicious: true,
    });
    expect(checkPrice(0.9, undefined, [0.5, 0.6])).toBeUndefined();
  });
});
