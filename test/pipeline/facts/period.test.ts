import { describe, expect, it } from 'vitest';
import type { InstitutionFacts, PointFacts } from '../../../pipeline/domain/index.ts';
import { NOTHING } from '../../support/agency.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { type MeterSpec, ONE, type Reading, SITE, type SmallSite, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const claim = { by: 'wang', commit: true };
const only = (institution: string): NonNullable<MeterSpec['allocation']> => ({
  basis: 'fixed',
  shares: [{ institution, share: ONE }],
});

/** A county agency of 烟台, and what its points are used for; the year 2025 is over. */
async function site(
  meters: readonly MeterSpec[],
  points: readonly PointFacts[],
  excluded: InstitutionFacts['excluded'] = [],
) {
  const open = await openSite(smallRegistry(meters, { institutions: ['a', 'b'] }), '2026-02-01');
  const { rules } = open.service;
  const agency = { id: 'a', type: 'organ', level: 'county', division: '370602', ...NOTHING, excluded } as const;
  await rules.applyFacts(
    { site: SITE, institutions: [agency], points, tariffs: [], targets: [] },
    { ...claim, reason: 'facts' },
  );
  return open;
}

const yearOf = async ({ service }: SmallSite, institution = 'a') => {
  const answer = await service.rules.indicators({ site: SITE, institution, year: 2025, periods: ['year'] });
  return answer.periods[0]?.quantities ?? [];
};

describe('what remains of a meter when a sub-meter with a use of its own is taken out', () => {
  const MAIN: MeterSpec = { point: 'p', allocation: only('a') };
  const CANTEEN: MeterSpec = { point: 'canteen', role: 'sub', parent: 'p' };

  it('is as well evidenced as the worse of both: a silent canteen meter leaves its use in the rest', async () => {
    const excluded = [{ use: 'canteen', area: [{ from: 0, value: 20 }], persons: [{ from: 0, value: 1 }] }] as const;
    const small = await site([MAIN, CANTEEN], [{ point: 'canteen', use: 'canteen' }], excluded);
    await small.feed('p', [
      ['2025-01-01', 0],
      ['2026-01-01', 5_000_000],
    ]);
    await small.feed('canteen', [
      ['2025-01-01', 0],
      ['2025-07-02', 1_000_000],
    ]);
    const rest = (await yearOf(small)).find(({ use }) => use === 'ordinary');
    expect(rest).toMatchObject({ amount: 4_000_000 });
    expect(rest?.coverage).toBeCloseTo(0.5, 2);
    const { verdicts, missing } = await small.service.rules.judge({ site: SITE, institution: 'a', year: 2025 });
    expect(verdicts).toEqual([]);
    expect(missing.map(({ what }) => what)).toContain('electricity-per-area: coverage.electricity-per-area');
  });

  it.each([
    ['the main meter is another institution’s', [], 'b'],
    ['a meter between them is silent', [{ point: 'between', role: 'sub', parent: 'p' }], 'a'],
  ] as const)('adds up to the ledger where %s', async (_, between, party) => {
    const shared: MeterSpec = { ...CANTEEN, parent: between[0]?.point ?? 'p', allocation: only(party) };
    const meters = [MAIN, ...between, shared, { point: 'other', allocation: only('b') }];
    const uses: PointFacts[] = [
      { point: 'canteen', use: 'canteen' },
      ...between.map(({ point }): PointFacts => ({ point, use: 'heating' })),
    ];
    const small = await site(meters, uses);
    for (const [point, used] of [
      ['p', 5_000_000],
      ['canteen', 1_000_000],
      ['other', 2_000_000],
    ] as const)
      await small.feed(point, [
        ['2025-01-01', 0],
        ['2026-01-01', used],
      ]);
    for (const institution of ['a', 'b']) {
      const usage = await small.usage({ kind: 'institution', id: institution }, '2025-01-01', '2026-01-01', 'year');
      const parts = await yearOf(small, institution);
      expect(
        parts.reduce((sum, { amount }) => sum + amount, 0),
        institution,
      ).toBe(usage.total.amount);
    }
  });
});

describe('what an institution bears of a house that sub-meters divide', () => {
  const by = [
    { institution: 'a', point: 'of-a' },
    { institution: 'b', point: 'of-b' },
  ];
  const HOUSE: readonly MeterSpec[] = [
    { point: 'p', allocation: { basis: 'sub-meter', by } },
    { point: 'of-a', role: 'sub', parent: 'p' },
    { point: 'of-b', role: 'sub', parent: 'p' },
  ];

  it('is not known while one of them is silent, whosoever it is: there is no verdict on what is left', async () => {
    const small = await site(HOUSE, []);
    for (const point of ['p', 'of-a'])
      await small.feed(point, [
        ['2025-01-01', 0],
        ['2026-01-01', 5_000_000],
      ]);
    await small.feed('of-b', [
      ['2025-01-01', 0],
      ['2025-07-02', 2_500_000],
    ]);
    const [quantity] = await yearOf(small);
    expect(quantity?.coverage).toBeCloseTo(0.5, 2);
    const { verdicts, missing } = await small.service.rules.judge({ site: SITE, institution: 'a', year: 2025 });
    expect(verdicts).toEqual([]);
    expect(missing.map(({ what }) => what)).toContain('electricity-per-area: coverage.electricity-per-area');
  });

  it('is as well evidenced as the house where they are read', async () => {
    const small = await site(HOUSE, []);
    for (const { point } of HOUSE)
      await small.feed(point, [
        ['2025-01-01', 0],
        ['2026-01-01', 5_000_000],
      ]);
    expect(await yearOf(small)).toMatchObject([{ amount: expect.closeTo(2_500_000, -3), coverage: 1 }]);
  });
});

describe('a month in which a meter counted nothing', () => {
  const monthOf = async ({ service }: SmallSite, month: number) => {
    const answer = await service.rules.indicators({
      site: SITE,
      institution: 'a',
      year: 2025,
      month,
      periods: ['month'],
    });
    return answer.periods[0]?.quantities ?? [];
  };
  /** At the start of each month; none is used in June. */
  const monthly = (from: number, to: number): readonly Reading[] =>
    Array.from({ length: to - from + 1 }, (_, i) => [
      new Date(Date.UTC(2025, from - 1 + i, 1) - 8 * 3_600_000).getTime(),
      1_000 * (i + from > 6 ? i - 1 : i),
    ]);
  const WHOLE = monthly(1, 13);

  it('has the amount 0 where readings say so', async () => {
    const small = await site([{ point: 'w', carrier: 'water', allocation: only('a') }], []);
    await small.feed('w', WHOLE);
    expect(await monthOf(small, 6)).toMatchObject([{ carrier: 'water', use: 'ordinary', amount: 0, coverage: 1 }]);
  });

  it('is badly evidenced where one of two meters has fallen silent, and unknown before it first spoke', async () => {
    const small = await site(
      [
        { point: 'p', allocation: only('a') },
        { point: 'q', allocation: only('a') },
      ],
      [],
    );
    await small.feed('p', WHOLE);
    await small.feed('q', monthly(4, 10));
    expect(await monthOf(small, 12)).toMatchObject([{ amount: 1_000, coverage: 0.5 }]);
    expect(await monthOf(small, 3)).toMatchObject([{ coverage: 1 }]);
    expect(await monthOf(small, 8)).toMatchObject([{ coverage: 1 }]);
  });

  it('is in no figure where all of a carrier’s meters are silent', async () => {
    const small = await site([{ point: 'p', allocation: only('a') }], []);
    await small.feed('p', monthly(1, 12));
    expect(await monthOf(small, 12)).toEqual([]);
  });
});

describe('the area of a canteen', () => {
  const AREA = [{ use: 'canteen', area: [{ from: 0, value: 20 }], persons: [] }] as const;
  const judged = async (
    meters: readonly MeterSpec[],
    points: readonly PointFacts[],
    excluded: InstitutionFacts['excluded'] = AREA,
  ) => {
    const small = await site(meters, points, excluded);
    for (const { point } of meters)
      await small.feed(point, [
        ['2025-01-01', 0],
        ['2026-01-01', point === 'p' ? 5_000_000 : 1_000_000],
      ]);
    const { verdicts, missing } = await small.service.rules.judge({ site: SITE, institution: 'a', year: 2025 });
    return {
      perArea: verdicts.find(({ metric }) => metric === 'electricity-per-area')?.measured,
      perPerson: verdicts.find(({ metric }) => metric === 'energy-per-person')?.measured,
      missing: missing.map(({ what, reason }) => `${what} ${reason}`),
    };
  };
  const MAIN: MeterSpec = { point: 'p', allocation: only('a') };
  const CANTEEN: MeterSpec = { point: 'canteen', role: 'sub', parent: 'p' };
  const USE: readonly PointFacts[] = [{ point: 'canteen', use: 'canteen' }];

  it('is taken out with its energy', async () => {
    expect(await judged([MAIN, CANTEEN], USE)).toMatchObject({ perArea: 4_000 / 80 });
  });

  it('stays in where no meter tells its energy apart', async () => {
    expect(await judged([MAIN], [])).toMatchObject({ perArea: 5_000 / 100 });
  });

  it('stays in where a meter tells only its water apart', async () => {
    const water: MeterSpec = { point: 'canteen', carrier: 'water', allocation: only('a') };
    expect(await judged([MAIN, water], USE)).toMatchObject({ perArea: 5_000 / 100 });
  });

  it('is asked for where its energy is taken out: without it the figure would be too small', async () => {
    const { perArea, perPerson, missing } = await judged([MAIN, CANTEEN], USE, []);
    expect([perArea, perPerson]).toEqual([undefined, undefined]);
    for (const what of ['area', 'number of persons'])
      expect(missing).toContain(
        `excluded.canteen DENOMINATOR_MISSING: the energy of canteen is taken out of a quota's figure, its ${what} is not known`,
      );
    const none = [{ use: 'canteen', area: [{ from: 0, value: 0 }], persons: [{ from: 0, value: 0 }] }] as const;
    expect(await judged([MAIN, CANTEEN], USE, none)).toMatchObject({ perArea: 4_000 / 100 });
  });
});
