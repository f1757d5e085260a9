import { describe, expect, it } from 'vitest';
import type { InstitutionFacts, PointFacts } from '../../../pipeline/domain/index.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { type MeterSpec, ONE, SITE, smallRegistry } from '../../support/small-site.ts';

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
