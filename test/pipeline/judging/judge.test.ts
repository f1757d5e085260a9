import { describe, expect, it } from 'vitest';
import type { InstitutionFacts, PointFacts } from '../../../pipeline/domain/index.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { local, type MeterSpec, ONE, SITE, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const AGENCY: InstitutionFacts = {
  id: 'a',
  type: 'organ',
  level: 'county',
  division: '370602',
  heatedArea: [],
  students: [],
  patients: [],
  visitors: [],
  beds: [],
  bedDays: [],
  excluded: [],
};

const ownMeter = (point: string, more: Partial<MeterSpec> = {}): MeterSpec => ({
  point,
  allocation: { basis: 'fixed', shares: [{ institution: 'a', share: ONE }] },
  ...more,
});

/** A county agency of 烟台 with meters of its own; the year 2025 is over. */
async function agency(meters: readonly MeterSpec[], points: readonly PointFacts[] = []) {
  const open = await openSite(smallRegistry(meters, { institutions: ['a'] }), '2026-02-01');
  const { rules } = open.service;
  await rules.applyFacts(
    { site: SITE, institutions: [AGENCY], points, tariffs: [], targets: [] },
    { by: 'wang', commit: true, reason: 'facts' },
  );
  return {
    ...open,
    judge: (year: number) => rules.judge({ site: SITE, institution: 'a', year }),
    /** Of a year, or of a month of it. */
    figures: async (year: number, month?: number) => {
      const periods = [month === undefined ? 'year' : 'month'] as const;
      const [of] = (await rules.indicators({ site: SITE, institution: 'a', year, month, periods })).periods;
      if (!of) throw new Error('no period');
      return of;
    },
    /** Months of 2025 by hand, from January on, each of 100 unless it says otherwise. */
    enter: (
      kind: string,
      use: string,
      unit: string,
      months: readonly { quantity?: string; document?: string; cost?: string }[],
    ) => {
      const drafts = months.map((cells, i) => ({
        row: i + 2,
        cells: {
          institution: 'a',
          month: `2025-${String(i + 1).padStart(2, '0')}`,
          kind,
          use,
          quantity: '100',
          unit,
          ...cells,
        },
      }));
      const table = { name: 'hand', sha256: '0'.repeat(64), drafts };
      return rules.importQuantities(SITE, table, { by: 'wang', commit: true });
    },
  };
}

describe('the rule packs of a place', () => {
  it('are those in force at the end of the year; where none is, that is said', async () => {
    const { judge, feed } = await agency([ownMeter('p')]);
    await feed('p', [
      ['2015-01-01', 0],
      ['2016-01-01', 5_000_000],
      ['2025-01-01', 50_000_000],
      ['2026-01-01', 55_000_000],
    ]);
    const packsOf = async (year: number) => new Set((await judge(year)).verdicts.map(({ pack }) => pack));
    expect(await packsOf(2025)).toContain('shandong');
    const { verdicts, missing } = await judge(2015);
    expect(verdicts).toEqual([]);
    expect(missing.map(({ reason }) => reason)).toContain(
      'QUOTA_MISSING: no rule pack of 370602 is in force on 2015-12-31',
    );
  });
});

describe('a carrier all of whose meters are silent for the year', () => {
  const POWER = ownMeter('p');
  const GAS = ownMeter('g', { carrier: 'natural-gas' });
  const WATER = ownMeter('w', { carrier: 'water' });
  const whole = (amount: number) =>
    [
      ['2024-01-01', 0],
      ['2025-01-01', amount],
      ['2026-01-01', 2 * amount],
    ] as const;
  const silentSince2025 = [
    ['2024-01-01', 0],
    ['2024-12-31', 1_000_000],
  ] as const;

  it('leaves no total and no verdict that would count it, says which meters, and the other figures stand', async () => {
    const { judge, feed, figures } = await agency([POWER, GAS, WATER]);
    await feed('p', whole(4_000_000));
    await feed('g', silentSince2025);
    await feed('w', whole(50_000));
    const { verdicts, missing } = await judge(2025);
    expect(verdicts.map(({ metric }) => metric)).toEqual(expect.arrayContaining(['electricity-per-area']));
    expect(verdicts.map(({ metric }) => metric)).not.toContain('energy-per-person');
    expect(missing.map(({ what, reason }) => `${what} ${reason}`)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^energy-per-person: quantity.natural-gas QUANTITY_MISSING: .*silent/),
        expect.stringMatching(/^quantity.natural-gas QUANTITY_MISSING: .*\bg\b/),
      ]),
    );
    const year = await figures(2025);
    expect(year.totals).toEqual({ kgce: null, kgCO2: null, kgCO2Residual: null, waterM3: 50 });
    expect(year.coverage).toBe(0);
    expect(year.quantities.map(({ carrier }) => carrier)).toEqual(['electricity', 'water']);
    const before = await figures(2024);
    expect(before.totals.kgce).toBeGreaterThan(0);
    expect(before.quantities).toContainEqual(expect.objectContaining({ carrier: 'natural-gas', amount: 1_000_000 }));
  });

  it('is not made up for by what was entered by hand, which may be another supply: the sum stands and is not judged', async () => {
    const { judge, feed, figures, enter } = await agency([POWER, GAS]);
    await feed('p', whole(4_000_000));
    await feed('g', silentSince2025);
    await enter('natural-gas', 'ordinary', 'm3', Array(12).fill({ document: 'bill' }));
    const year = await figures(2025);
    expect(year.totals.kgce).toBeGreaterThan(0);
    expect(year.coverage).toBe(0);
    const { verdicts, missing } = await judge(2025);
    expect(verdicts.map(({ metric }) => metric)).toEqual(['electricity-per-area']);
    expect(missing.map(({ reason }) => reason)).toContainEqual(
      expect.stringMatching(/^COVERAGE_LOW: 0 % .* natural gas/),
    );
  });

  it('has no total of water', async () => {
    const { feed, figures } = await agency([POWER, WATER]);
    await feed('p', whole(4_000_000));
    await feed('w', silentSince2025);
    const year = await figures(2025);
    expect(year.totals.waterM3).toBeNull();
    expect(year.totals.kgce).toBeGreaterThan(0);
    expect(year.missing.map(({ what }) => what)).toContain('quantity.water');
  });

  it('leaves the carbon missing as well where it is the electricity', async () => {
    const { feed, figures } = await agency([POWER, GAS]);
    await feed('p', silentSince2025);
    await feed('g', whole(1_000_000));
    expect((await figures(2025)).totals).toMatchObject({ kgce: null, kgCO2: null, kgCO2Residual: null });
  });

  it('is nothing used where readings before and after say the same', async () => {
    const { feed, figures } = await agency([POWER, ownMeter('h', { carrier: 'heat' })]);
    await feed('p', [
      ['2025-01-01', 0],
      ['2025-07-01', 2_000_000],
      ['2025-08-01', 2_500_000],
      ['2026-01-01', 4_000_000],
    ]);
    await feed('h', [
      ['2025-01-01', 0],
      ['2025-04-01', 9_000_000],
      ['2025-11-01', 9_000_000],
      ['2026-01-01', 15_000_000],
    ]);
    const july = await figures(2025, 7);
    expect(july.totals.kgce).toBeCloseTo(500 * 0.1229, 3);
    expect(july.quantities).toContainEqual(expect.objectContaining({ carrier: 'heat', amount: 0, coverage: 1 }));
  });
});

describe('a sub-meter with a use of its own', () => {
  const MAIN = ownMeter('p');
  const HEATING: MeterSpec = { point: 'h', role: 'sub', parent: 'p' };
  const whole = [
    ['2024-01-01', 0],
    ['2025-01-01', 4_000_000],
    ['2026-01-01', 8_000_000],
  ] as const;
  const silentSince2025 = [
    ['2024-01-01', 0],
    ['2024-12-31', 1_000_000],
  ] as const;
  const uses: readonly PointFacts[] = [{ point: 'h', use: 'heating' }];

  it('that is silent for the year leaves its use in the rest, which is then not judged', async () => {
    const { judge, feed, figures } = await agency([MAIN, HEATING], uses);
    await feed('p', whole);
    await feed('h', silentSince2025);
    expect((await figures(2025)).quantities).toMatchObject([{ use: 'ordinary', amount: 4_000_000, coverage: 0 }]);
    const { verdicts, missing } = await judge(2025);
    expect(verdicts).toEqual([]);
    expect(missing.map(({ what }) => what)).toContain('electricity-per-area: coverage.electricity-per-area');
  });

  it('that was given up before the year tells nothing of its use apart, and lessens nothing', async () => {
    const removed = { removedAt: local('2025-01-01'), final: 1_000_000 };
    const meters = [MAIN, { ...HEATING, mounting: removed }];
    const { feed, figures, service } = await agency(meters, uses);
    await feed('p', whole);
    await feed('h', silentSince2025);
    await service.applyRegistry(smallRegistry([MAIN], { institutions: ['a'] }), {
      take: 'all',
      commit: true,
      by: 'wang',
      reason: 'the sub-meter is gone',
    });
    await service.settle();
    const { quantities } = await figures(2025);
    expect(quantities).toMatchObject([{ use: 'ordinary', amount: 4_000_000, coverage: 1 }]);
  });

  it('below a silent meter is in no figure, and takes nothing out of it', async () => {
    const { feed, figures } = await agency([MAIN, HEATING], uses);
    await feed('p', silentSince2025);
    await feed('h', whole);
    const year = await figures(2025);
    expect(year.quantities).toEqual([]);
    expect(year.totals).toMatchObject({ kgce: null, kgCO2: null });
  });
});

describe('a quantity by hand', () => {
  const POWER = ownMeter('p');
  const whole = [
    ['2025-01-01', 0],
    ['2026-01-01', 4_000_000],
  ] as const;
  const NAMED = { document: 'invoice' };
  const metricsOf = ({ verdicts }: { readonly verdicts: readonly { readonly metric: string }[] }) =>
    verdicts.map(({ metric }) => metric);
  const site = async () => {
    const small = await agency([POWER]);
    await small.feed('p', whole);
    const petrolOf = async () => (await small.figures(2025)).quantities.find(({ carrier }) => carrier === 'petrol');
    return { ...small, petrolOf };
  };

  it('is evidenced by a document: without one it counts, and is not judged until the document is named', async () => {
    const { judge, enter, petrolOf } = await site();
    await enter('petrol', 'vehicles', 'L', Array(12).fill({}));
    expect(await petrolOf()).toMatchObject({ amount: 1_200_000, coverage: 0 });
    const before = await judge(2025);
    expect(metricsOf(before)).not.toContain('energy-per-person');
    const low = before.missing.find(({ what }) => what === 'energy-per-person: coverage.energy-per-person');
    expect(low?.reason).toMatch(/^COVERAGE_LOW: 0 % of the time is evidenced for petrol/);
    expect(low?.cure.en).toMatch(/name the document/);
    expect(await enter('petrol', 'vehicles', 'L', Array(12).fill(NAMED))).toMatchObject({
      unchanged: 12,
      attached: 12,
    });
    expect(await petrolOf()).toMatchObject({ amount: 1_200_000, coverage: 1 });
    expect(metricsOf(await judge(2025))).toContain('energy-per-person');
  });

  it('of 0 needs none: nothing was bought', async () => {
    const { enter, petrolOf } = await site();
    await enter('petrol', 'vehicles', 'L', [NAMED, ...Array(11).fill({ quantity: '0' })]);
    expect(await petrolOf()).toMatchObject({ amount: 100_000, coverage: 1 });
  });

  it('of what a meter counts as well adds to it, and the months are told', async () => {
    const { enter, figures } = await site();
    await enter('electricity', '', 'kWh', [NAMED, NAMED, { quantity: '0' }]);
    const year = await figures(2025);
    expect(year.quantities.map(({ amount }) => amount)).toEqual([4_000_000, 200_000]);
    expect(year.missing.map(({ reason }) => reason)).toContain(
      'METERED_AND_ENTERED: electricity of 2025-01, 2025-02 is counted by meters and was entered by hand: both are in the sum',
    );
  });

  it('that is the bill of what a meter counts is in no amount; its cost is told and checked', async () => {
    const { enter, figures, judge, service } = await site();
    const before = await figures(2025);
    const bill = { ...NAMED, cost: '80' };
    expect(await enter('electricity', 'metered', 'kWh', [bill, bill])).toMatchObject({ added: 2, refused: [] });
    expect(await figures(2025)).toEqual(before);
    expect(metricsOf(await judge(2025))).toContain('electricity-per-area');
    const { rows } = await service.rules.costs({ site: SITE, institution: 'a', year: 2025 });
    expect(rows.slice(0, 2)).toMatchObject([{ billedFen: 8_000, unitPrice: 0.8 }, { billedFen: 8_000 }]);
    const [row] = await service.rules.quantities({ site: SITE });
    expect(row).toMatchObject({ use: 'metered', amount: 100_000 });
    expect((await enter('paper', 'metered', 'kg', [bill])).refused).toMatchObject([
      { column: 'use', code: 'USE_UNKNOWN' },
    ]);
  });

  it('keeps the document that it was first entered with', async () => {
    const { enter, service } = await site();
    await enter('petrol', 'vehicles', 'L', [NAMED]);
    expect(await enter('petrol', 'vehicles', 'L', [{ document: 'another' }])).toMatchObject({
      unchanged: 1,
      attached: 0,
    });
    const [row] = await service.rules.quantities({ site: SITE });
    expect(row?.document).toEqual({ name: 'invoice', sha256: null });
  });
});

describe('a year that is badly evidenced', () => {
  it('by a meter is cured by readings, not by what would stand beside the meter', async () => {
    const { judge, feed } = await agency([ownMeter('p')]);
    await feed('p', [
      ['2025-01-01', 0],
      ['2025-06-01', 2_000_000],
    ]);
    const { verdicts, missing } = await judge(2025);
    expect(verdicts).toEqual([]);
    const low = missing.find(({ what }) => what === 'electricity-per-area: coverage.electricity-per-area');
    expect(low?.reason).toMatch(/^COVERAGE_LOW: 41.3 % of the time is evidenced for electricity, a verdict needs 90 %/);
    expect(low?.cure.en).toMatch(/^import readings of the electricity meters/);
    expect(low?.cure.zh).toMatch(/^导入电的表计/);
    await feed('p', [['2026-01-01', 4_000_000]]);
    expect((await judge(2025)).verdicts.length).toBeGreaterThan(0);
  });
});

describe('a sub-meter that counts more than the meter above it', () => {
  it('leaves what remains below 0, which is no figure and no verdict; the whole stands', async () => {
    const { judge, feed, figures } = await agency(
      [ownMeter('p'), { point: 'h', role: 'sub', parent: 'p' }],
      [{ point: 'h', use: 'heating' }],
    );
    for (const [point, used] of [
      ['p', 1_000_000],
      ['h', 1_500_000],
    ] as const)
      await feed(point, [
        ['2025-01-01', 0],
        ['2026-01-01', used],
      ]);
    const { verdicts, missing } = await judge(2025);
    expect(verdicts.map(({ metric }) => metric)).toEqual(['energy-per-person']);
    expect(missing.map(({ what, reason }) => `${what} ${reason}`)).toContain(
      'electricity-per-area: quantity.electricity USE_NEGATIVE: the electricity that is counted comes to -500000 Wh',
    );
    expect((await figures(2025)).totals.kgce).toBeCloseTo(122.9, 3);
  });
});

describe('what no sub-meter claims', () => {
  it('is as well evidenced as the sub-meters, and counts none below a silent entry', async () => {
    const sub = (point: string, parent: string): MeterSpec => ({ point, role: 'sub', parent });
    const { feed, figures } = await agency([
      ownMeter('p'),
      ownMeter('q'),
      sub('p1', 'p'),
      sub('p2', 'p'),
      sub('q1', 'q'),
    ]);
    for (const [point, used] of [
      ['p', 1_000_000],
      ['p1', 600_000],
      ['q1', 500_000],
    ] as const)
      await feed(point, [
        ['2024-01-01', 0],
        ['2025-01-01', 1_000_000],
        ['2026-01-01', 1_000_000 + used],
      ]);
    for (const point of ['q', 'p2'])
      await feed(point, [
        ['2024-01-01', 0],
        ['2024-12-31', 1_000_000],
      ]);
    const share = (await figures(2025)).indicators.find(({ metric }) => metric === 'unattributed-share');
    expect(share).toMatchObject({ value: 0.4, coverage: 0.5 });
  });
});

describe('costs of a year', () => {
  it('tell the months of a carrier whose meters were silent, which are in no total', async () => {
    const { feed, service } = await agency([ownMeter('g', { carrier: 'natural-gas' })]);
    await feed('g', [
      ['2025-01-01', 0],
      ['2025-10-31', 1_000_000],
    ]);
    const { missing } = await service.rules.costs({ site: SITE, institution: 'a', year: 2025 });
    expect(missing.map(({ what, reason }) => `${what} ${reason}`)).toContain(
      'cost.natural-gas QUANTITY_MISSING: the meters of natural-gas were silent in 2025-11, 2025-12 (g), whose cost is in no row',
    );
  });
});
