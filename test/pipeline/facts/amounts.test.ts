import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { busyMonths, monthsOf, spansWithoutRows, sumOf } from '../../../pipeline/facts/amounts.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { SITE, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const monthOf = (year: number, month: number): number => year * 12 + month - 1;

describe('months of a point', () => {
  it('have a row or lie in exactly one span without rows; they add up to the sum of the whole', () => {
    const bookOf = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 14 }), fc.bigInt(-9n, 9n)), {
      selector: ([month]) => month,
    });
    fc.assert(
      fc.property(bookOf, fc.integer({ min: 1, max: 15 }), (entries, to) => {
        const months = new Map(entries.flatMap(([month, n]) => (month < to ? [[month, Number(n)] as const] : [])));
        const amounts = new Map([['p', months]]);
        const without = spansWithoutRows(amounts, 'p', { from: 0, to }).flatMap((span) => monthsOf(span));
        expect([...months.keys(), ...without].toSorted((a, b) => a - b)).toEqual(monthsOf({ from: 0, to }));
        expect(sumOf(amounts, 'p', 0, to)).toBe(
          months.size === 0 ? undefined : [...months.values()].reduce((a, b) => a + b),
        );
      }),
    );
  });

  it('are busy where the meters counted something, in the spans that are asked for', async () => {
    const { books, feed } = await openSite(smallRegistry([{ point: 'p' }, { point: 'q' }]), '2026-02-01');
    await feed('p', [
      ['2024-12-01', 0],
      ['2025-01-01', 5],
      ['2025-03-01', 5],
      ['2025-03-05', 10],
      ['2025-03-31', 10],
      ['2025-06-01', 10],
      ['2025-06-02', 11],
      ['2025-12-31', 11],
    ]);
    await feed('q', [
      ['2025-03-01', 0],
      ['2025-03-02', 1],
    ]);
    const [january, april, july] = [monthOf(2025, 1), monthOf(2025, 4), monthOf(2025, 7)];
    const busy = (asked: Parameters<typeof busyMonths>[2]) => busyMonths(books.db, SITE, asked);
    expect(await busy([{ point: 'p', from: january, to: july }])).toEqual(
      new Map([['p', new Set([monthOf(2025, 3), monthOf(2025, 6)])]]),
    );
    expect(
      await busy([
        { point: 'q', from: april, to: july },
        { point: 'p', from: april, to: july },
        { point: 'p', from: monthOf(2024, 12), to: january },
      ]),
    ).toEqual(new Map([['p', new Set([monthOf(2024, 12), monthOf(2025, 6)])]]));
    expect(await busy([])).toEqual(new Map());
  });
});
