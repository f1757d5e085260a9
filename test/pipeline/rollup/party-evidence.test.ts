import { describe, expect, it } from 'vitest';
import type { AllocationRule, Registry } from '../../../pipeline/domain/index.ts';
import { canonicalJson, sha256 } from '../../../pipeline/rollup/canonical.ts';
import { lastClose } from '../../../pipeline/rollup/close.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { daily, type Reading, SITE, type SmallSite, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const day = (text: string): number => Date.parse(text) / 86_400_000;
const only = (institution: string): AllocationRule => ({
  basis: 'fixed',
  shares: [{ institution, share: { num: 1, den: 1 } }],
});
/** Rules of points instead of those of the registry, dated. */
const ruled = (
  registry: Registry,
  rules: Readonly<Record<string, Registry['points'][number]['allocations']>>,
): Registry => ({
  ...registry,
  points: registry.points.map((p) => ({ ...p, allocations: rules[p.id] ?? p.allocations })),
});
/** A reading each midnight of 2026 up to a day, 100 a day. */
const read = (from: string, to: string): readonly Reading[] =>
  daily(
    from,
    Array.from({ length: day(to) - day(from) + 1 }, (_, i) => 1_000 + i * 100),
  );
const court = { kind: 'institution', id: 'court' } as const;
const school = { kind: 'institution', id: 'school' } as const;
const told = async (site: SmallSite, subject: Parameters<SmallSite['usage']>[0], asOf?: string) => {
  const { rows, total } = await site.usage(subject, '2026-01-01', '2026-05-01', 'month', asOf);
  return [...rows, total].map(({ amount, coverage, provisional }) => [
    amount,
    Math.round(1_000 * coverage) / 1_000,
    provisional,
  ]);
};

const divided: AllocationRule = {
  basis: 'sub-meter',
  by: [
    { institution: 'court', point: 'a' },
    { institution: 'school', point: 'b' },
  ],
};
const house = ruled(
  smallRegistry(
    [{ point: 'house' }, { point: 'a', role: 'sub', parent: 'house' }, { point: 'b', role: 'sub', parent: 'house' }],
    { institutions: ['court', 'school'] },
  ),
  {
    house: [
      { from: 0, value: divided },
      { from: day('2026-04-01'), value: only('court') },
    ],
  },
);

/** The sub-meter of the school falls silent in the middle of February; from April on the court has the house. */
async function dividedHouse(): Promise<SmallSite> {
  const site = await openSite(house, '2026-06-01');
  await site.append('house', read('2026-01-01', '2026-05-02'));
  await site.append('a', read('2026-01-01', '2026-04-02'));
  await site.feed('b', read('2026-01-01', '2026-02-15'));
  return site;
}

describe('the evidence of an institution', () => {
  it('that moves is that of the meters of the house it is in, whatever becomes of the others', async () => {
    const moves = ruled(smallRegistry([{ point: 'old' }, { point: 'new' }], { institutions: ['court', 'school'] }), {
      old: [
        { from: 0, value: only('court') },
        { from: day('2026-03-01'), value: only('school') },
      ],
      new: [{ from: day('2026-03-01'), value: only('court') }],
    });
    const site = await openSite(moves, '2026-06-01');
    await site.append('old', read('2026-01-01', '2026-03-11'));
    await site.feed('new', read('2026-03-01', '2026-05-02'));
    expect(await told(site, court)).toEqual([
      [3_100, 1, false],
      [2_800, 1, false],
      [3_100, 1, false],
      [3_000, 1, false],
      [12_000, 1, false],
    ]);
    expect(await told(site, school)).toEqual([
      [0, 1, false],
      [0, 1, false],
      [1_000, expect.closeTo(10 / 31, 2), true],
      [0, 0, true],
      [1_000, expect.closeTo(10 / 61, 2), true],
    ]);
  });

  it('lacks the time in which a sub-meter that divides its house is silent: then nothing is its own', async () => {
    const site = await dividedHouse();
    expect(await told(site, court)).toEqual([
      [1_550, 1, false],
      [700, 0.5, true],
      [0, 0, true],
      [3_000, 1, false],
      [5_250, expect.closeTo((31 + 14 + 30) / 120, 3), true],
    ]);
    expect((await told(site, { kind: 'unallocated' })).map(([amount, coverage]) => [amount, coverage])).toEqual([
      [0, 1],
      [1_400, 0.5],
      [3_100, 0],
      [0, 1],
      [4_500, expect.closeTo((31 + 14 + 30) / 120, 3)],
    ]);
  });

  it('stays in a closed month as it was issued, also where that was before it was told so', async () => {
    const site = await dividedHouse();
    const march = async (asOf: string) => {
      const { total } = await site.usage(court, '2026-03-01', '2026-04-01', 'month', asOf);
      return [total.amount, total.coverage, total.provisional];
    };
    await site.service.close(SITE, 2026 * 12 + 2, { by: 'chen', reason: 'end of the month' });
    expect(await march('2026-03#1')).toEqual([0, 0, true]);
    await site.feed('b', read('2026-02-16', '2026-04-02'));
    expect(await march('2026-03#1')).toEqual([0, 0, true]);

    const stored = await lastClose(site.books.db, SITE, 2026 * 12 + 2);
    if (!stored) throw new Error('nothing is closed');
    const text = canonicalJson({ ...stored.content, edition: undefined });
    await site.books.db
      .updateTable('closed_period')
      .set({ content: text, hash: sha256(text) })
      .execute();
    expect(await march('2026-03#1')).toEqual([0, 1, false]);
  });
});
