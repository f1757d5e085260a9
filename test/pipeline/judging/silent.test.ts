import { describe, expect, it } from 'vitest';
import type { PointFacts } from '../../../pipeline/domain/index.ts';
import { agencyPerTest, ownMeter } from '../../support/agency.ts';
import { local, type MeterSpec, SITE, smallRegistry } from '../../support/small-site.ts';

const agency = agencyPerTest();

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
