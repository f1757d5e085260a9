import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { leavePartyDays, settlePartyDays } from '../../../pipeline/rollup/party-days.ts';
import { liveSource, type PartyDay, type PointDay, partySplitsOf } from '../../../pipeline/rollup/source.ts';
import { addSplit, NO_SPLIT, type SplitDay } from '../../../pipeline/rollup/split.ts';
import { freshBooks, stopPostgres } from '../../support/postgres.ts';
import { smallRegistry } from '../../support/small-site.ts';

afterAll(stopPostgres);

const POINTS = ['a', 'b', 'c'];
const amountArb = fc.integer({ min: -40, max: 40 });

/** A point's day, often with a part that is all of it, all of an export, or of a point without usage. */
const dayArb = fc.record({
  measured: amountArb,
  interpolated: fc.oneof(fc.constant(0), amountArb),
  manual: fc.oneof(fc.constant(0), amountArb),
  disputed: fc.oneof(fc.constant(0), amountArb),
  part: fc.oneof(fc.constantFrom('all', 'export', 'none' as const), amountArb),
  isKnown: fc.boolean(),
});
type Drawn = typeof dayArb extends fc.Arbitrary<infer T> ? T : never;

const rowsOf = (days: readonly (readonly Drawn[])[]) =>
  days.flatMap((drawn, day) =>
    drawn.map(({ measured, interpolated, manual, disputed, part, isKnown }, i) => {
      const amount = measured + interpolated + manual + disputed;
      const own = part === 'all' ? amount : part === 'export' ? -amount : part === 'none' ? undefined : part;
      return { point: POINTS[i] ?? '', day, amount, measured, interpolated, manual, disputed, own, isKnown };
    }),
  );

function sums(splits: readonly SplitDay[]): readonly SplitDay[] {
  const days = Map.groupBy(splits, (s) => s.day);
  return [...days]
    .map(([day, of]) => ({
      day,
      amount: of.reduce((sum, s) => sum + s.amount, 0),
      split: of.reduce((sum, s) => addSplit(sum, s.split), NO_SPLIT),
    }))
    .toSorted((a, b) => a.day - b.day);
}

describe('parts of a party', () => {
  it('have the split, added up by the database, that they have one by one', async () => {
    const { books, close } = await freshBooks();
    const { db } = books;
    const registry = smallRegistry([]);
    const site = registry.site.id;
    const live = liveSource(db, registry, 0);
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(dayArb, { maxLength: POINTS.length }), { minLength: 1, maxLength: 5 }),
          async (days) => {
            await db.deleteFrom('usage_day').execute();
            await db.deleteFrom('allocation_day').execute();
            await db.deleteFrom('party_day').execute();
            const rows = rowsOf(days);
            const points: PointDay[] = rows
              .filter((r) => r.isKnown)
              .map(({ own: _own, isKnown: _isKnown, ...row }) => row);
            const parties: PartyDay[] = rows.flatMap(({ point, day, own }) =>
              own === undefined ? [] : [{ party: 'p', point, day, amount: own }],
            );
            if (points.length > 0)
              await db
                .insertInto('usage_day')
                .values(points.map((row) => ({ site, ...row })))
                .execute();
            if (parties.length > 0)
              await db
                .insertInto('allocation_day')
                .values(parties.map((row) => ({ site, ...row })))
                .execute();
            const asked = [POINTS, 0, days.length] as const;
            const wanted = sums(partySplitsOf(parties, points));
            expect(sums(await live.partySplits('p', ...asked))).toEqual(wanted);
            const counted = new Map(POINTS.map((id) => [id, 'water' as const]));
            const totals = async () => sums(await live.partyTotals('p', 'water', ...asked));
            await db.transaction().execute((tx) => leavePartyDays(tx, site, counted, parties));
            expect(await totals()).toEqual(wanted);
            await db.transaction().execute((tx) => settlePartyDays(tx, site, counted, []));
            expect(await totals()).toEqual(wanted);
            expect(await db.selectFrom('party_day').selectAll().where('plain', 'is', null).execute()).toEqual([]);
            await db.transaction().execute((tx) => settlePartyDays(tx, site, counted, parties));
            expect(await totals()).toEqual(wanted);
          },
        ),
        { numRuns: 150 },
      );
    } finally {
      await close();
    }
  });
});
