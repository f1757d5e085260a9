import { describe, expect, it } from 'vitest';
import { agencyPerTest, ownMeter } from '../../support/agency.ts';

const agency = agencyPerTest();

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
