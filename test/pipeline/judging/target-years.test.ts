import { describe, expect, it } from 'vitest';
import type { QuantityDraft } from '../../../pipeline/domain/index.ts';
import { NOTHING } from '../../support/agency.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { SITE, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const claim = { by: 'wang', commit: true };
const OWN = {
  id: 'energy-2030',
  institution: 'a',
  metric: 'energy-total',
  baseYear: 2020,
  targetYear: 2030,
  change: -0.1,
  source: 'an example',
};

/** Electricity by hand, 1 000 kWh a month and 10 more in each year after 2020, up to June of 2028. */
const drafts = Array.from({ length: 8 * 12 + 6 }, (_, i): QuantityDraft => {
  const [year, month] = [2020 + Math.floor(i / 12), 1 + (i % 12)];
  const cells = {
    institution: 'a',
    month: `${year}-${String(month).padStart(2, '0')}`,
    kind: 'electricity',
    quantity: String(1_000 + 10 * (year - 2020) + month),
    unit: 'kWh',
    document: 'bill',
  };
  return { row: i + 2, cells };
});

async function site(targets: readonly (typeof OWN)[]) {
  const open = await openSite(smallRegistry([{ point: 'p' }], { institutions: ['a'] }), '2028-07-05');
  const { rules } = open.service;
  const institutions = [{ id: 'a', division: '620102', ...NOTHING }];
  await rules.applyFacts({ site: SITE, institutions, points: [], tariffs: [], targets }, { ...claim, reason: 'facts' });
  const taken = await rules.importQuantities(SITE, { name: 'f', sha256: '0'.repeat(64), drafts }, claim);
  expect(taken).toMatchObject({ added: drafts.length, refused: [] });
  return rules;
}

const kgce = (year: number): number =>
  Array.from({ length: 12 }, (_, i) => 1_000 + 10 * (year - 2020) + i + 1).reduce((a, b) => a + b, 0) * 0.1229;

describe('the years that a target reads', () => {
  it('hold the base year of a plan of the catalogue, whatever targets the facts have', async () => {
    const rules = await site([]);
    const { targets } = await rules.targets({ site: SITE, institution: 'a', year: 2028 });
    const area = targets.find(({ metric }) => metric === 'energy-per-area');
    expect(area?.baseYear).toBe(2025);
    expect(area?.base).toBeCloseTo(kgce(2025) / 100, 3);
    expect(area?.missing.map(({ reason }) => reason)).not.toContainEqual(expect.stringContaining('BASE_MISSING'));
  });

  it('hold a base year of eight years ago', async () => {
    const rules = await site([OWN]);
    const { targets } = await rules.targets({ site: SITE, institution: 'a', year: 2028 });
    expect(targets.find(({ id }) => id === OWN.id)?.base).toBeCloseTo(kgce(2020), 2);
  });

  it('do not make a forecast depend on the other targets that there are', async () => {
    const forecastOf = async (targets: readonly (typeof OWN)[]) => {
      const rules = await site(targets);
      const answer = await rules.targets({ site: SITE, institution: 'a', year: 2028 });
      return answer.targets.find(({ metric }) => metric === 'energy-per-area')?.forecast;
    };
    expect(await forecastOf([])).toEqual(await forecastOf([OWN]));
  });
});
