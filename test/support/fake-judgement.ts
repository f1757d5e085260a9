import {
  baselineAnswerSchema,
  convertAnswerSchema,
  costsAnswerSchema,
  indicatorsAnswerSchema,
  judgeAnswerSchema,
  type RowUsed,
  targetsAnswerSchema,
} from '../../pipeline/answers-rules.ts';
import { convertAnswer, decomposeHolders, factorsAnswer } from '../../pipeline/index.ts';
import { invariantError } from '../../pipeline/domain/index.ts';
import type { RulesService } from '../../pipeline/service-rules.ts';
import { loadCatalogue } from '../../rules/catalogue/index.ts';
import { fakeRegistry } from './fake-registry.ts';

const nameOf = (id: string) => {
  const name = fakeRegistry.institutions.find((one) => one.id === id)?.name;
  return { zh: name?.zh ?? id, en: name?.en ?? id };
};

const row = (id: string, value: number | null, unit: string, confidence: RowUsed['confidence']): RowUsed => ({
  id,
  value,
  unit,
  region: '620000',
  source: { document: 'DB00/T 1-2020 (example)', clause: { zh: '表 3', en: 'table 3' }, year: 2020 },
  confidence,
  verified: confidence === 'A',
});

const POWER = row('electricity-co2/example', 0.4471, 'kgCO2/kWh', 'A');
const COAL = row('coal/example-electricity', 0.1229, 'kgce/kWh', 'B');
const QUOTA = row('quota/example-office', null, 'kgce/(m²·a)', 'B');

const verdict = (metric: string, value: number, unit: string, word: 'reasonable' | 'over' | 'advanced') => ({
  pack: 'example',
  standard: 'DB00/T 1-2020',
  table: { zh: '办公', en: 'offices' },
  metric,
  value,
  measured: word === 'over' ? value / 1.25 : value,
  unit,
  verdict: word,
  counted: metric !== 'water-per-person',
  ratio: value / 15,
  standing: metric === 'water-per-person' ? ('for-reference' as const) : ('single-source' as const),
  limits: metric === 'water-per-person' ? { general: 30, advanced: 18 } : { guide: 8, base: 11, constraint: 15 },
  caliber: 'example-quota',
  coverage: 0.991,
  row: QUOTA,
  rows: [COAL],
  notes: [],
});

const share = (i: number): number => [9, 8.6, 8.2, 7.4, 7.6, 8.6, 9.8, 9.6, 8, 7.4, 7.6, 8.2][i] ?? 8;

/** Months to date up to March, the rest forecast with a widening interval. */
const path = (year: number) =>
  Array.from({ length: 12 }, (_, i) => {
    const toDate = Array.from({ length: i + 1 }, (__, k) => share(k)).reduce((sum, one) => sum + one, 0);
    const seen = i < 2;
    return {
      month: `${year}-${String(i + 1).padStart(2, '0')}`,
      plan: share(i),
      planToDate: toDate,
      actual: seen ? share(i) * 1.04 : null,
      actualToDate: seen ? toDate * 1.04 : null,
      forecast: seen ? null : share(i) * 1.03,
      low: seen ? null : share(i) * 1.03 - 0.7,
      high: seen ? null : share(i) * 1.03 + 0.7,
      forecastToDate: seen ? null : toDate * 1.03,
      lowToDate: seen ? null : toDate * 1.03 - (i - 1) * 0.45,
      highToDate: seen ? null : toDate * 1.03 + (i - 1) * 0.45,
    };
  });

const period = (kind: 'year-to-date' | 'rolling-12', from: string, to: string, times: number) => ({
  period: kind,
  from,
  to,
  quantities: [],
  denominators: { areaM2: 14_800, heatedAreaM2: null, persons: 255, bedDays: null },
  coverage: 0.991,
  totals: {
    kgce: 21_400.5 * times,
    kgCO2: 88_120.25 * times,
    kgCO2Residual: 101_020.75 * times,
    waterM3: 1_240 * times,
  },
  indicators: [
    {
      metric: 'energy-per-area',
      value: 1.446 * times,
      unit: 'kgce/m²',
      numerator: { value: 21_400.5 * times, unit: 'kgce' },
      denominator: { value: 14_800, unit: 'm²' },
      coverage: 0.991,
      caliber: 'national-statistics',
      rows: [COAL],
      notes: [],
    },
    {
      metric: 'co2-per-person',
      value: 345.57 * times,
      unit: 'kgCO2',
      numerator: null,
      denominator: null,
      coverage: 0.991,
      caliber: null,
      rows: [POWER],
      notes: [],
    },
  ],
  missing: [
    {
      what: 'heating-per-heated-area',
      reason: 'DENOMINATOR_MISSING: the heated area is not known',
      cure: { zh: '供暖面积是多少？请写入事实文件', en: 'What is the heated area? Write it into the facts file' },
    },
  ],
});

/**
 * Plausible answers of the rules about the made-up compound, through their schemas; the calculator is the real one.
 * Electricity has a fit; heat has not, for want of temperatures.
 */
export const fakeJudgement: Partial<RulesService> = {
  baseline: async ({ site, institution, carrier, period, reporting }) => {
    const fits = carrier === 'electricity';
    const share = (what: 'use' | 'temperature' | 'days', value: number) => ({
      what,
      passed: value >= 0.9,
      value,
      limit: 0.9,
    });
    return baselineAnswerSchema.parse({
      site,
      institution: institution ?? null,
      carrier,
      unit: carrier === 'heat' ? 'GJ' : 'kWh',
      baseline: { from: `${period}-01-01`, to: `${Number(period) + 1}-01-01` },
      reporting: reporting === undefined ? null : { from: `${reporting}-01-01`, to: `${reporting}-03-12` },
      gates: [
        { what: 'span', passed: true, value: 365, limit: 365 },
        share('use', 0.98),
        share('temperature', fits ? 1 : 0.4),
        share('days', fits ? 0.98 : 0.4),
        { what: 'negative', passed: true, value: 0, limit: 0 },
      ],
      model: fits
        ? {
            heatingPoint: 14,
            coolingPoint: null,
            base: 402.5,
            workdayStep: 251.1,
            heatingSlope: 20.4,
            coolingSlope: null,
            quality: {
              days: 358,
              spanDays: 365,
              rSquared: 0.91,
              adjustedRSquared: 0.91,
              cvRmse: 0.087,
              nmbe: 0,
              autocorrelation: 0.3,
              effectiveDays: 193,
              coldest: -9.1,
              warmest: 27.4,
            },
          }
        : null,
      savings:
        fits && reporting !== undefined
          ? {
              expected: 52_000,
              actual: 46_800,
              saving: 5_200,
              low: 3_900,
              high: 6_500,
              share: 0.1,
              confidence: 0.95,
              days: 70,
              spanDays: 70,
              beyond: 2,
            }
          : null,
      sources: {
        points: ['p-hall'],
        leastDayCoverage: 0.9,
        temperature: { kind: 'series', name: 'lanzhou', sources: ['Lanzhou 52889'], files: [] },
        workdays: { calendar: 'chinese-days', yearsWithoutNotice: [] },
        model: 'CalTRACK 2.0; ASHRAE Guideline 14',
      },
      missing: fits
        ? []
        : [
            {
              what: 'baseline.temperature',
              reason: 'COVERAGE_LOW: temperature is known on 40.0 % of 365 days',
              cure: { zh: '导入室外温度', en: 'import outdoor temperature' },
            },
          ],
    });
  },

  indicators: async ({ site, institution, year }) =>
    indicatorsAnswerSchema.parse({
      site,
      institution,
      name: nameOf(institution),
      year,
      periods: [
        period('year-to-date', `${year}-01-01`, `${year}-03-01`, 1),
        period('rolling-12', `${year - 1}-03-01`, `${year}-03-01`, 5.6),
      ],
      rows: [COAL, POWER],
    }),
  judge: async ({ site, institution, year }) =>
    judgeAnswerSchema.parse({
      site,
      institution,
      name: nameOf(institution),
      from: `${year}-01-01`,
      to: `${year + 1}-01-01`,
      profile: { type: 'organ', level: null, division: '620100', heating: null, class: null, hoursPerYear: null },
      verdicts: [
        verdict('non-heating-per-area', 9.82, 'kgce/(m²·a)', 'reasonable'),
        verdict('energy-per-area', 16.4, 'kgce/(m²·a)', 'over'),
        verdict('water-per-person', 14.2, 'm³/a', 'advanced'),
      ],
      missing: [
        {
          what: 'level',
          reason: 'PROFILE_INCOMPLETE: quotas differ by level',
          cure: { zh: '该机构属省级、市级还是县级？', en: 'Is it of the province, the city or the county?' },
        },
      ],
    }),
  targets: async ({ site, institution, year }) =>
    targetsAnswerSchema.parse({
      site,
      institution: institution ?? null,
      year,
      targets: [
        {
          id: 'energy-2030',
          source: { zh: '示例规划', en: 'example plan' },
          institution: institution ?? null,
          metric: 'energy-total',
          unit: 'tce',
          valueUnit: 'tce',
          baseYear: 2025,
          targetYear: 2030,
          base: 101,
          target: 96,
          yearCap: 100,
          toDate: 18.3,
          months: path(year),
          forecast: { value: 103, low: 98.5, high: 107.5, level: 0.8 },
          barometer: [{ comparison: 'yearly-task', level: 2, value: 0.1, row: null }],
          coverage: 0.991,
          rows: [COAL],
          missing: [],
        },
      ],
      missing: [],
    }),
  costs: async ({ site, institution, year }) =>
    costsAnswerSchema.parse({
      site,
      institution,
      year,
      rows: [
        {
          month: `${year}-02`,
          carrier: 'electricity',
          amount: 61_204_000,
          display: '61204',
          displayUnit: 'kWh',
          fen: 3_482_508,
          billedFen: null,
          byPeriod: { peak: 1_900_000, valley: 1_582_508 },
          capacityFen: 0,
          unitPrice: 0.569,
          check: null,
          tariffs: ['grid'],
          coverage: 1,
        },
      ],
      totalFen: 3_482_508,
      missing: [],
    }),
  convert: async (query) => convertAnswerSchema.parse(convertAnswer(query, loadCatalogue())),
  factors: async (query) => factorsAnswer(query, loadCatalogue()),
  decompose: async ({ among, ...query }) => {
    if (!('holders' in among)) throw invariantError('NOT_FAKED', 'the fake has no figures of a base year');
    return decomposeHolders(query, among.holders, loadCatalogue());
  },
  importQuantities: async (site, { name, drafts }, { commit }) => ({
    site,
    file: name,
    rows: drafts.length,
    added: drafts.length,
    unchanged: 0,
    replaced: 0,
    attached: 0,
    refused: [],
    committed: commit,
  }),
};
