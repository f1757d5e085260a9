import { describe, expect, it } from 'vitest';
import { targetsAnswerSchema } from '../../../pipeline/index.ts';
import { targetsAnswer } from '../../../pipeline/judging/targets.ts';
import type { InstitutionBook } from '../../../pipeline/facts/period.ts';
import { formatDay, firstDayOfMonth } from '../../../pipeline/domain/index.ts';
import { barometerThresholds, catalogueOf, loadCatalogue } from '../../../rules/catalogue/index.ts';
import { rateTables } from '../../../rules/conversion/index.ts';

const YEAR = 2026;
const catalogue = loadCatalogue();
const rules = { catalogue, tables: rateTables(catalogue), hashOf: () => undefined };
const profile = { institution: 'a', division: '620100' } as const;

/** Electricity in kWh by month from 2025-01 on: a winter's and a summer's peak, a little more each second month. */
const months = Array.from({ length: 18 }, (_, i) =>
  Math.round(10_000 + 4_000 * Math.cos((i * Math.PI) / 3) + (i % 2) * 700),
);

const book: InstitutionBook = {
  institution: { id: 'a', name: { zh: '甲', en: 'A' }, headcount: [], area: [] },
  profile,
  facts: undefined,
  held: [],
  period: ({ from, to }) => {
    const kWh = months.slice(Math.max(0, from - 2025 * 12), Math.max(0, to - 2025 * 12)).reduce((a, b) => a + b, 0);
    const electricity = {
      carrier: 'electricity',
      use: 'ordinary',
      amount: kWh * 1_000,
      coverage: 1,
      quality: 'metered',
    } as const;
    return {
      facts: {
        profile,
        from: formatDay(firstDayOfMonth(from)),
        to: formatDay(firstDayOfMonth(to)),
        quantities: kWh === 0 ? [] : [electricity],
        denominators: {},
      },
      missing: [],
      beside: [],
      silent: [],
    };
  },
};

const target = {
  id: 'energy-2030',
  institution: 'a',
  metric: 'energy-total',
  baseYear: 2025,
  targetYear: 2030,
  change: -0.05,
  source: 'an example',
};

describe('a target in July', () => {
  const whole = { from: 2025 * 12, to: (YEAR + 1) * 12 };
  const answer = targetsAnswer(
    { site: 's', institution: 'a', books: [book], targets: [target], year: YEAR, ended: YEAR * 12 + 6, whole },
    rules,
  );
  const [own] = answer.targets;

  it('has for each month to come a figure with an interval of its own; they add up to the forecast', () => {
    expect(targetsAnswerSchema.parse(answer)).toEqual(answer);
    const [seen, open] = [own?.months.slice(0, 6) ?? [], own?.months.slice(6) ?? []];
    expect(seen.every(({ actual, forecast }) => actual !== null && forecast === null)).toBe(true);
    for (const { actual, forecast, low, high } of open) {
      expect(actual).toBeNull();
      expect(low).toBeLessThan(forecast ?? NaN);
      expect(high).toBeGreaterThan(forecast ?? NaN);
    }
    const sum = open.reduce((total, { forecast }) => total + (forecast ?? NaN), own?.toDate ?? NaN);
    expect(sum).toBeCloseTo(own?.forecast?.value ?? NaN, 6);
    expect(own?.months.at(-1)).toMatchObject({
      forecastToDate: own?.forecast?.value,
      lowToDate: own?.forecast?.low,
      highToDate: own?.forecast?.high,
    });
  });

  it('counts in kgce of the national statistics, and names the rows', () => {
    const kWh = months.slice(12).reduce((a, b) => a + b, 0);
    expect(own?.toDate).toBeCloseTo(kWh * 0.1229, 2);
    expect(own?.forecast).toMatchObject({ level: 0.8 });
  });

  it('gives no month a figure where there is no forecast', () => {
    const begun = targetsAnswer(
      { site: 's', institution: 'a', books: [book], targets: [target], year: YEAR, ended: YEAR * 12, whole },
      rules,
    );
    const { forecast, months: rows, missing } = begun.targets[0] ?? {};
    expect(forecast).toBeNull();
    expect(rows?.every((row) => row.forecast === null && row.low === null && row.high === null)).toBe(true);
    expect(missing?.map(({ what }) => what)).toContain('forecast');
  });
});

describe('a month with little evidence of one carrier', () => {
  const quantity = (carrier: 'electricity' | 'water', coverage: number) =>
    ({ carrier, use: 'ordinary', amount: 1_000_000, coverage, quality: 'metered' }) as const;
  const half: InstitutionBook = {
    ...book,
    period: (span) => {
      const { facts, ...rest } = book.period(span);
      return { ...rest, facts: { ...facts, quantities: [quantity('electricity', 0.5), quantity('water', 1)] } };
    },
  };
  const water = { ...target, id: 'water-2030', metric: 'water-total' };
  const { targets } = targetsAnswer(
    {
      site: 's',
      institution: 'a',
      books: [half],
      targets: [target, water],
      year: YEAR,
      ended: YEAR * 12 + 6,
      whole: { from: 2025 * 12, to: (YEAR + 1) * 12 },
    },
    rules,
  );
  const ofTarget = (id: string) => targets.find((one) => one.id === id);

  it('is a hole in the targets that count it', () => {
    expect(ofTarget(target.id)).toMatchObject({ coverage: 0.5, toDate: null });
  });

  it('is none in the targets that do not', () => {
    expect(ofTarget(water.id)).toMatchObject({ coverage: 1, toDate: 6_000, base: 12_000 });
  });
});

describe('thresholds of the barometer', () => {
  it('are those of the place, for a target of the nation as for one of its own', () => {
    const ours = barometerThresholds(catalogue, { comparison: 'plan-schedule', region: '620100', date: '2026-12-31' });
    if (!ours.ok) throw new Error(ours.missing.reason);
    const regional = { ...ours.value, id: 'test/own', region: '620000', level1: 0.5 };
    const own = catalogueOf([...catalogue.rows, regional]);
    const withArea: InstitutionBook = {
      ...book,
      period: (span) => {
        const { facts, ...rest } = book.period(span);
        return { ...rest, facts: { ...facts, denominators: { areaM2: 1_000 } } };
      },
    };
    const { targets } = targetsAnswer(
      {
        site: 's',
        institution: 'a',
        books: [withArea],
        targets: [target],
        year: YEAR,
        ended: YEAR * 12 + 6,
        whole: { from: 2025 * 12, to: (YEAR + 1) * 12 },
      },
      { catalogue: own, tables: rateTables(own), hashOf: () => undefined },
    );
    const rows = targets.flatMap(({ barometer }) =>
      barometer.flatMap(({ comparison, row }) => (comparison === 'plan-schedule' ? [row?.id] : [])),
    );
    expect(rows.length).toBeGreaterThan(1);
    expect(new Set(rows)).toEqual(new Set(['test/own']));
  });
});
