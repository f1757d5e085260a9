import type { InstitutionFacts, PointFacts } from '../../pipeline/domain/index.ts';
import { sitePerTest } from './site-per-test.ts';
import { type MeterSpec, ONE, SITE, smallRegistry } from './small-site.ts';

/** Of an institution of whose years and uses nothing is known. */
export const NOTHING = {
  heatedArea: [],
  students: [],
  patients: [],
  visitors: [],
  beds: [],
  bedDays: [],
  excluded: [],
};

const AGENCY: InstitutionFacts = { id: 'a', type: 'organ', level: 'county', division: '370602', ...NOTHING };

export const ownMeter = (point: string, more: Partial<MeterSpec> = {}): MeterSpec => ({
  point,
  allocation: { basis: 'fixed', shares: [{ institution: 'a', share: ONE }] },
  ...more,
});

/** For a file of tests: opens a county agency of 烟台 with meters of its own, whose facts are in force; the year 2025 is over. */
export function agencyPerTest() {
  const openSite = sitePerTest();
  return async (meters: readonly MeterSpec[], points: readonly PointFacts[] = []) => {
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
  };
}
