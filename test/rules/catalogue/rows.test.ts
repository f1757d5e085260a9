import { describe, expect, test } from 'vitest';
import {
  clauseText,
  density,
  electricityFactor,
  fuelFactor,
  loadCatalogue,
  type CatalogueEntry,
  type ElectricityAsk,
} from '../../../rules/catalogue/index.ts';
import type { Answer, ElectricityCarbonFactor, QuotaRow, TargetRow } from '../../../rules/contract.ts';
import {
  ELECTRICITY_CHANGE_2023,
  ELECTRICITY_EXTREMES_2022,
  ELECTRICITY_UP_IN_2023,
  JST_303_FORMULAS,
  PLAN_14_DERIVED,
  RESIDUAL_CHANGE_2023,
} from './vectors.ts';

const catalogue = loadCatalogue();
const ofKind = <K extends CatalogueEntry['kind']>(kind: K) =>
  catalogue.rows.filter((row): row is Extract<CatalogueEntry, { kind: K }> => row.kind === kind);
const quotas: readonly QuotaRow[] = ofKind('quota');
const targets: readonly TargetRow[] = ofKind('target');
const averages = (year: number): readonly ElectricityCarbonFactor[] =>
  ofKind('electricity-co2').filter((row) => row.dataYear === year && row.basis === 'average');
const provinces = (year: number) => averages(year).filter((row) => /^[1-9]/.test(row.region));

const value = <T>(answer: Answer<T>): T => {
  if (!answer.ok) throw new Error(answer.missing.reason);
  return answer.value;
};
const electricity = (region: string, year: number, basis: ElectricityAsk['basis'] = 'average'): number =>
  value(electricityFactor(catalogue, { region, year, basis })).row.value;
const changePercent = (region: string, basis: ElectricityAsk['basis'] = 'average'): number =>
  Math.round((electricity(region, 2023, basis) / electricity(region, 2022, basis) - 1) * 1000) / 10;

describe('every row', () => {
  test('names document, clause, year and confidence, and is found by its id', () => {
    let visited = 0;
    for (const row of catalogue.rows) {
      expect(row.source.document, row.id).not.toBe('');
      expect(row.source.clause, row.id).not.toBe('');
      expect(row.source.year, row.id).toBeGreaterThan(1980);
      expect(['A', 'B', 'C', 'D'], row.id).toContain(row.confidence);
      expect(catalogue.byId.get(row.id)).toBe(row);
      visited += 1;
    }
    expect(visited).toBeGreaterThanOrEqual(650);
  });

  test('names clause and table in Chinese as well', () => {
    const named = new Set(catalogue.rows.flatMap((row) => [row.source.clause, ...('table' in row ? [row.table] : [])]));
    expect(named.size).toBeGreaterThan(30);
    expect([...named].filter((clause) => !/[一-龥]/.test(clauseText(clause).zh))).toEqual([]);
    expect(clauseText('table A.1')).toEqual({ zh: '表 A.1', en: 'table A.1' });
  });

  test('is verified only with confidence A', () => {
    expect(catalogue.rows.filter((row) => row.verified && row.confidence !== 'A')).toEqual([]);
    expect(catalogue.rows.filter((row) => row.verified).length).toBeGreaterThan(100);
  });

  test('has an id that fits on a command line', () => {
    for (const row of catalogue.rows) expect(row.id).toMatch(/^[a-z0-9-]+\/[a-z0-9.-]+$/);
  });

  test('of the memory of GB/T 51161 and of its city table stays unverified', () => {
    const remembered = catalogue.rows.filter((row) => row.confidence === 'C');
    expect(remembered.length).toBeGreaterThan(150);
    expect(remembered.every((row) => !row.verified)).toBe(true);
  });

  test('of the remembered city table is C, the southern part of the temperate zone (温和B) as well', () => {
    const cities = ofKind('zone').filter((row) => row.source.clause === 'city table');
    expect(cities.filter((row) => row.confidence !== 'C').map(({ place }) => place)).toEqual([]);
    expect(cities.filter((row) => row.subzone === 'temperate-b').map(({ place }) => place)).toEqual([
      '瑞丽',
      '临沧',
      '澜沧',
      '思茅',
      '蒙自',
    ]);
  });

  test('of our own thresholds says so', () => {
    const rows = ofKind('barometer');
    expect(rows).toHaveLength(3);
    for (const row of rows)
      expect(row).toMatchObject({ confidence: 'D', verified: false, source: { document: 'CivicMeter default' } });
  });
});

describe('electricity factors', () => {
  test('have thirty provinces in each year, and none for 西藏', () => {
    for (const year of [2021, 2022, 2023]) expect(provinces(year)).toHaveLength(30);
    expect(averages(2023).some((row) => row.region === '540000')).toBe(false);
  });

  test('of 2023 are lower in 20 provinces and higher in the 10 that the ministry counts', () => {
    const changes = provinces(2023).map(({ region, value: now }) => ({ region, up: now > electricity(region, 2022) }));
    expect(changes.filter(({ up }) => up).map(({ region }) => region)).toEqual(ELECTRICITY_UP_IN_2023);
    expect(changes.filter(({ up }) => !up)).toHaveLength(20);
  });

  test('change by region and nation as printed', () => {
    for (const [region, percent] of Object.entries(ELECTRICITY_CHANGE_2023)) {
      const row = (year: number): number => averages(year).find((each) => each.region === region)?.value ?? Number.NaN;
      expect(Math.round((row(2023) / row(2022) - 1) * 1000) / 10, region).toBe(percent);
    }
    expect(changePercent('000000', 'residual')).toBe(RESIDUAL_CHANGE_2023);
  });

  test('have the extremes of 2022 that the press lists', () => {
    const ranked = provinces(2022).toSorted((a, b) => a.value - b.value);
    expect(
      ranked
        .slice(0, 5)
        .map(({ region }) => region)
        .toSorted(),
    ).toEqual(ELECTRICITY_EXTREMES_2022.lowest);
    expect(
      ranked
        .slice(-5)
        .map(({ region }) => region)
        .toSorted(),
    ).toEqual(ELECTRICITY_EXTREMES_2022.highest);
  });

  test('of a grid region lie between those of the provinces filed under it', () => {
    const members = Map.groupBy(ofKind('grid'), (row) => row.grid);
    expect(members.size).toBe(7);
    for (const [grid, rows] of members)
      for (const year of [2021, 2022, 2023]) {
        const values = rows.filter(({ region }) => region !== '540000').map(({ region }) => electricity(region, year));
        const region = averages(year).find((row) => row.region === grid)?.value ?? Number.NaN;
        expect(region, `${grid} ${year}`).toBeGreaterThanOrEqual(Math.min(...values));
        expect(region, `${grid} ${year}`).toBeLessThanOrEqual(Math.max(...values));
      }
  });
});

describe('fuel factors', () => {
  test('of JS/T 303-2026 come out of heating value, IPCC factor and density', () => {
    for (const { carrier, heat, perTJ, density: litres } of JST_303_FORMULAS) {
      const ask = { carrier, date: '2026-06-01' };
      const perLitre = litres ? value(density(catalogue, ask)).value : 1;
      const printed = value(fuelFactor(catalogue, ask)).value;
      expect(Math.abs((heat * perTJ * perLitre) / 1000 - printed), carrier).toBeLessThan(0.0006);
    }
  });

  test('with a formula come out of it to the digits printed', () => {
    const rows = ofKind('fuel-co2').filter((row) => row.formula !== undefined);
    expect(rows.length).toBeGreaterThanOrEqual(15);
    for (const { id, per, value: printed, formula } of rows) {
      if (!formula) continue;
      const tonnes = formula.ncv * (formula.carbon / 1000) * formula.oxidation * (44 / 12);
      expect(Math.abs((per === 'm3' ? tonnes / 10 : tonnes) / printed - 1), id).toBeLessThan(5e-4);
    }
  });
});

describe('quotas', () => {
  test('of Shandong agencies: non-heating kgce ÷ 0.31 lies within 12 % of the electricity quota', () => {
    const organs = quotas.filter((row) => row.pack === 'shandong' && row.type === 'organ');
    const energy = organs.filter((row) => row.metric === 'non-heating-per-area');
    expect(energy).toHaveLength(5);
    for (const row of energy) {
      const twin = organs.find(
        (other) => other.metric === 'electricity-per-area' && other.level === row.level && other.zone === row.zone,
      );
      const ratio = (row.limits.constraint ?? Number.NaN) / 0.31 / (twin?.limits.constraint ?? Number.NaN);
      expect(Math.abs(ratio - 1), row.id).toBeLessThan(0.12);
    }
  });

  test('of Shandong are complete: agencies, hospitals, five venues on three levels, heating, data centre, water', () => {
    const count = (part: Partial<QuotaRow>): number =>
      quotas.filter(
        (row) =>
          row.pack === 'shandong' &&
          Object.entries(part).every(([key, wanted]) =>
            Object.entries(row).some(([k, v]) => k === key && v === wanted),
          ),
      ).length;
    expect(count({ standard: 'DB37/T 2672-2019' })).toBe(5 * 3 + 3 + 1);
    expect(count({ standard: 'DB37/T 2673-2019' })).toBe(6 * 3 + 3 + 1);
    // heating: five venues, two of them without boilers; each again for heat by area and for coal boilers
    expect(count({ standard: 'DB37/T 3780-2019' })).toBe(15 * 3 + 13 + 5 * 2 + 5);
    expect(count({ standard: 'DB37/T 4452-2021' })).toBe(8 + 3 + 4);
  });

  test('name a set of coal factors that exists', () => {
    const sets = new Set(ofKind('coal').map((row) => row.set));
    for (const row of quotas) expect(sets.has(row.factorSet), row.id).toBe(true);
    expect(new Set(quotas.map((row) => row.factorSet)).size).toBeGreaterThan(5);
  });

  test('belong to a pack that exists, and every pack has some', () => {
    const packs = ofKind('pack').map((row) => row.pack);
    expect([...new Set(quotas.map((row) => row.pack))].toSorted()).toEqual(packs.toSorted());
  });

  test('of Tianjin in kgce are those in kWh by its own factor', () => {
    const electric = catalogue.byId.get('coal/tianjin-hospital-electricity');
    const factor = electric?.kind === 'coal' ? electric.value : Number.NaN;
    const grade3 = quotas.find((row) => row.pack === 'tianjin-hospital' && row.level === 'grade-3')?.limits;
    const printed = { constraint: 216.4, base: 186.3, guide: 133.4 };
    for (const key of ['constraint', 'base', 'guide'] as const)
      expect(Math.round(printed[key] * factor * 10) / 10).toBe(grade3?.[key]);
  });
});

describe('targets', () => {
  test('of the 14th plan give the derived values of 2025', () => {
    for (const [metric, derived] of Object.entries(PLAN_14_DERIVED)) {
      const row = targets.find(
        (each) => each.region === '000000' && each.plan === 'five-year-14' && each.metric === metric,
      );
      const target = (row?.base ?? Number.NaN) * (1 + (row?.change ?? Number.NaN));
      expect(target.toPrecision(5)).toBe(derived.toPrecision(5));
    }
  });

  test('of the 15th plan are not verified', () => {
    const rows = targets.filter((row) => row.plan === 'five-year-15');
    expect(rows).toHaveLength(3);
    expect(rows.every((row) => row.confidence === 'B' && !row.verified)).toBe(true);
  });
});
