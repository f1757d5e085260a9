import { z } from 'zod';
import { CARRIERS, INSTITUTION_TYPES, TARIFF_PERIODS, USES } from '#domain';
import { temperatureSourceSchema } from './answers-facts.ts';
import { day, localText, missingSchema, month, share } from './answers-parts.ts';

/**
 * The shapes of what the rules say, the same by CLI (`--json`) and API. Every figure names the rows it used; what could not be given stands in
 * `missing` with what would make it possible. Figures are decimals rounded to six places at this edge; money is whole fen.
 */
export const sourceSchema = z.strictObject({ document: z.string(), clause: localText, year: z.int() });

/** A row of the catalogue as an answer used it. */
export const rowUsedSchema = z.strictObject({
  id: z.string().describe('<file>/<row>'),
  value: z.number().nullable().describe('null where the row holds several limits'),
  unit: z.string(),
  region: z.string(),
  source: sourceSchema,
  confidence: z.enum(['A', 'B', 'C', 'D']),
  verified: z.boolean(),
  fallback: localText.optional().describe('what was given up to find it: an earlier year, a wider region'),
  note: z.string().optional(),
});

/** Inverse of a row: the catalogue as it is stored. `fields` holds what only its kind has. */
export const factorRowSchema = z.strictObject({
  id: z.string(),
  kind: z.string(),
  region: z.string(),
  from: day,
  to: day.nullable().describe('first day on which it no longer holds'),
  value: z.number().nullable(),
  unit: z.string().nullable(),
  source: sourceSchema,
  confidence: z.enum(['A', 'B', 'C', 'D']),
  verified: z.boolean(),
  confirmed: z.strictObject({ by: z.string(), at: day, text: z.string() }).nullable(),
  note: z.string().nullable(),
  hash: z.string().describe('of the content of the row: what a close keeps'),
  fields: z.record(z.string(), z.unknown()),
});

export const factorsAnswerSchema = z.strictObject({ rows: z.array(factorRowSchema), total: z.int() });

const coalSchema = z.strictObject({
  kgce: z.number(),
  caliber: z.string().describe('the set of coal factors; two sets are never added'),
  factor: rowUsedSchema,
  rows: z.array(rowUsedSchema),
});
const carbonSchema = z.strictObject({
  kgCO2: z.number(),
  scope: z.union([z.literal(1), z.literal(2)]),
  factor: rowUsedSchema.nullable(),
  rows: z.array(rowUsedSchema),
});

export const convertAnswerSchema = z.strictObject({
  carrier: z.string(),
  quantity: z.string(),
  unit: z.string(),
  year: z.int(),
  region: z.string(),
  coalEquivalent: coalSchema.nullable(),
  coalEquivalentQuota: z.array(coalSchema).describe('one for each quota standard with factors of its own'),
  carbon: carbonSchema.nullable(),
  carbonResidual: carbonSchema.nullable().describe('the same by the residual factor; never added'),
  missing: z.array(missingSchema),
  notes: z.array(localText),
});

/** Quantity of a carrier and use in a period, as the rules were given it. */
export const quantityUsedSchema = z.strictObject({
  carrier: z.enum(CARRIERS),
  use: z.enum(USES),
  amount: z.int().describe('integer in the base unit'),
  display: z.string(),
  displayUnit: z.string(),
  coverage: share,
  quality: z.enum(['metered', 'manual']),
});

export const denominatorsSchema = z.strictObject({
  areaM2: z.number().nullable(),
  heatedAreaM2: z.number().nullable(),
  persons: z.number().nullable(),
  bedDays: z.number().nullable(),
});

export const INDICATOR_PERIODS = ['year', 'rolling-12', 'year-to-date', 'month', 'same-period-last-year'] as const;

export const indicatorSchema = z.strictObject({
  metric: z.string(),
  value: z.number(),
  unit: z.string(),
  /** What was divided by what. */
  numerator: z.strictObject({ value: z.number(), unit: z.string() }).nullable(),
  denominator: z.strictObject({ value: z.number(), unit: z.string() }).nullable(),
  coverage: share,
  caliber: z.string().nullable().describe('the set of coal factors, where there is one'),
  rows: z.array(rowUsedSchema),
  notes: z.array(localText),
});

export const periodIndicatorsSchema = z.strictObject({
  period: z.enum(INDICATOR_PERIODS),
  from: day,
  to: day.describe('day after the last'),
  quantities: z.array(quantityUsedSchema),
  denominators: denominatorsSchema,
  coverage: share.describe('the least of its quantities'),
  totals: z.strictObject({
    kgce: z.number().nullable(),
    kgCO2: z.number().nullable(),
    kgCO2Residual: z.number().nullable(),
    waterM3: z.number().nullable(),
  }),
  indicators: z.array(indicatorSchema),
  missing: z.array(missingSchema),
});

export const indicatorsAnswerSchema = z.strictObject({
  site: z.string(),
  institution: z.string(),
  name: localText,
  year: z.int(),
  periods: z.array(periodIndicatorsSchema),
  rows: z.array(rowUsedSchema).describe('every row used, once'),
});

export const verdictSchema = z.strictObject({
  pack: z.string(),
  standard: z.string(),
  table: localText,
  metric: z.string(),
  value: z.number().describe('what was compared: corrected where the standard corrects'),
  measured: z.number(),
  unit: z.string(),
  verdict: z.enum(['advanced', 'reasonable', 'compliant', 'over']),
  counted: z.boolean().describe('whether it stands in totals: for-reference never does'),
  ratio: z.number().describe('value ÷ the limit that must be kept'),
  standing: z.enum(['official', 'single-source', 'for-reference']).describe('only official verdicts count in totals'),
  limits: z.record(z.string(), z.number()),
  caliber: z.string().describe('the coal factors of the standard'),
  coverage: share,
  row: rowUsedSchema,
  rows: z.array(rowUsedSchema),
  notes: z.array(localText),
});

export const judgeAnswerSchema = z.strictObject({
  site: z.string(),
  institution: z.string(),
  name: localText,
  from: day,
  to: day,
  profile: z.strictObject({
    type: z.enum(INSTITUTION_TYPES).nullable(),
    level: z.string().nullable(),
    division: z.string().nullable(),
    heating: z.string().nullable(),
    class: z.string().nullable(),
    hoursPerYear: z.number().nullable(),
  }),
  verdicts: z.array(verdictSchema),
  /** Also the questions: what must be known of the institution first. */
  missing: z.array(missingSchema),
});

export const targetAnswerSchema = z.strictObject({
  id: z.string(),
  source: localText,
  institution: z.string().nullable(),
  metric: z.string(),
  unit: z.string().describe('of yearCap, months and forecast: an amount'),
  valueUnit: z.string().describe('of base and target: what the target speaks of'),
  baseYear: z.int(),
  targetYear: z.int(),
  base: z.number().nullable(),
  target: z.number().nullable().describe('what the target year may come to'),
  yearCap: z.number().nullable().describe('what the year asked for may come to'),
  toDate: z.number().nullable(),
  months: z.array(
    z.strictObject({
      month,
      plan: z.number().nullable(),
      planToDate: z.number().nullable(),
      actual: z.number().nullable(),
      actualToDate: z.number().nullable(),
      forecast: z.number().nullable().describe('of a month still open; they add up to the forecast of the year'),
      low: z.number().nullable().describe('of this month alone, at the level of the forecast'),
      high: z.number().nullable(),
      forecastToDate: z.number().nullable().describe('the year up to the end of this month; the last is the year'),
      lowToDate: z.number().nullable(),
      highToDate: z.number().nullable(),
    }),
  ),
  forecast: z.strictObject({ value: z.number(), low: z.number(), high: z.number(), level: z.number() }).nullable(),
  barometer: z.array(
    z.strictObject({
      comparison: z.string(),
      level: z.union([z.literal(1), z.literal(2), z.literal(3)]),
      value: z.number(),
      row: rowUsedSchema.nullable(),
    }),
  ),
  coverage: share,
  rows: z.array(rowUsedSchema),
  missing: z.array(missingSchema),
});

export const targetsAnswerSchema = z.strictObject({
  site: z.string(),
  institution: z.string().nullable(),
  year: z.int(),
  targets: z.array(targetAnswerSchema),
  missing: z.array(missingSchema),
});

export const DECOMPOSITION_RULES = ['equal-rate', 'classes', 'share'] as const;

/** A holder of a part of a target; amounts in the answer's unit. */
export const targetPartSchema = z.strictObject({
  id: z.string(),
  parent: z.string().nullable(),
  level: z.int().describe('0: the whole'),
  base: z.number().nullable().describe('of the base year'),
  target: z.number(),
  targetAmount: z.int().describe('the same in baseUnit: these add up to the unit'),
  change: z.number().nullable().describe('target ÷ base − 1'),
  rule: z.enum(DECOMPOSITION_RULES).nullable().describe('for those below it; null where there are none'),
  sum: z.number().nullable().describe('of those right below it; with the remainder it is the target'),
  remainder: z.number().nullable().describe('above 0: nobody holds it; below 0: promised too much'),
  remainderAmount: z.int().nullable(),
});

export const decomposeAnswerSchema = z.strictObject({
  site: z.string().nullable().describe('whose institutions were asked; null where holders were given'),
  year: z.int(),
  baseYear: z.int().nullable(),
  unit: z.string(),
  baseUnit: z.enum(['gce', 'gCO2', 'L']),
  parts: z.array(targetPartSchema).describe('the whole first, each holder before those below it'),
  without: z
    .array(z.strictObject({ id: z.string(), parent: z.string(), reason: z.string().describe('a stable code') }))
    .describe('holders that got no target; what they would use stands in the remainder'),
  rows: z.array(rowUsedSchema),
  missing: z.array(missingSchema),
});

export const costRowSchema = z.strictObject({
  month,
  carrier: z.enum(CARRIERS),
  amount: z.int(),
  display: z.string(),
  displayUnit: z.string(),
  fen: z.int().nullable().describe('by tariff; null where a part has none'),
  billedFen: z.int().nullable().describe('by the bills entered'),
  byPeriod: z.partialRecord(z.enum(TARIFF_PERIODS), z.int()).describe('fen by period of a time-of-use tariff'),
  capacityFen: z.int(),
  unitPrice: z.number().nullable().describe('yuan per displayUnit'),
  check: z
    .strictObject({
      against: z.enum(['tariff', 'neighbours']),
      expected: z.number(),
      deviation: z.number(),
      suspicious: z.boolean(),
    })
    .nullable(),
  tariffs: z.array(z.string()),
  coverage: share,
});

export const costsAnswerSchema = z.strictObject({
  site: z.string(),
  institution: z.string(),
  year: z.int(),
  rows: z.array(costRowSchema),
  totalFen: z.int(),
  missing: z.array(missingSchema),
});

/** Weather-normalised baseline and savings. Without a fit there is no model and no number, but every reason. */
export const baselineAnswerSchema = z.strictObject({
  site: z.string(),
  institution: z.string().nullable().describe('null: the whole site'),
  carrier: z.enum(CARRIERS),
  unit: z.string().describe('of every amount below; slopes per degree day, base and workdayStep per day'),
  baseline: z.strictObject({ from: day, to: day.describe('day after the last') }),
  reporting: z.strictObject({ from: day, to: day }).nullable(),
  gates: z.array(
    z.strictObject({
      what: z.enum(['span', 'use', 'temperature', 'days', 'negative']),
      passed: z.boolean(),
      value: z.number().describe('days of the span, or with use below 0; else a share of its days'),
      limit: z.number(),
    }),
  ),
  model: z
    .strictObject({
      heatingPoint: z.number().nullable().describe('balance point in ℃; null: no heating in the model'),
      coolingPoint: z.number().nullable(),
      base: z.number(),
      workdayStep: z.number().nullable().describe('added on workdays'),
      heatingSlope: z.number().nullable(),
      coolingSlope: z.number().nullable(),
      quality: z.strictObject({
        days: z.int(),
        spanDays: z.int(),
        rSquared: z.number(),
        adjustedRSquared: z.number(),
        cvRmse: z.number(),
        nmbe: z.number(),
        autocorrelation: z.number(),
        effectiveDays: z.number(),
        coldest: z.number(),
        warmest: z.number(),
      }),
    })
    .nullable(),
  savings: z
    .strictObject({
      expected: z.number(),
      actual: z.number(),
      saving: z.number().describe('above 0 is saved'),
      low: z.number(),
      high: z.number(),
      share: z.number().nullable(),
      confidence: z.number(),
      days: z.int().describe('with use and temperature: the others are in no sum'),
      spanDays: z.int(),
      beyond: z.int().describe('days colder or warmer than any of the baseline'),
    })
    .nullable(),
  sources: z.strictObject({
    points: z.array(z.string()),
    leastDayCoverage: share.describe('under it at any meter a day’s use is not known'),
    temperature: temperatureSourceSchema.nullable(),
    workdays: z.strictObject({
      calendar: z.string(),
      yearsWithoutNotice: z.array(z.int()).describe('of these only weekends are known'),
    }),
    model: z.string(),
  }),
  missing: z.array(missingSchema),
});

/** What a changed catalogue does: closed figures stand, open figures move. */
export const factorMovesSchema = z.strictObject({
  site: z.string(),
  changed: z.array(z.strictObject({ row: z.string(), old: z.string().nullable(), new: z.string().nullable() })),
  closed: z.array(z.strictObject({ month, version: z.int(), rows: z.array(z.string()) })),
  open: z.array(
    z.strictObject({
      month,
      institution: z.string(),
      measure: z.enum(['kgce', 'kgCO2']),
      old: z.number().nullable(),
      new: z.number().nullable(),
    }),
  ),
});

export type RowUsed = z.infer<typeof rowUsedSchema>;
export type FactorRow = z.infer<typeof factorRowSchema>;
export type FactorsAnswer = z.infer<typeof factorsAnswerSchema>;
export type ConvertAnswer = z.infer<typeof convertAnswerSchema>;
export type QuantityUsed = z.infer<typeof quantityUsedSchema>;
export type IndicatorPeriod = (typeof INDICATOR_PERIODS)[number];
export type IndicatorAnswer = z.infer<typeof indicatorSchema>;
export type PeriodIndicators = z.infer<typeof periodIndicatorsSchema>;
export type IndicatorsAnswer = z.infer<typeof indicatorsAnswerSchema>;
export type VerdictAnswer = z.infer<typeof verdictSchema>;
export type JudgeAnswer = z.infer<typeof judgeAnswerSchema>;
export type TargetAnswer = z.infer<typeof targetAnswerSchema>;
export type TargetsAnswer = z.infer<typeof targetsAnswerSchema>;
export type TargetPart = z.infer<typeof targetPartSchema>;
export type DecomposeAnswer = z.infer<typeof decomposeAnswerSchema>;
export type CostRow = z.infer<typeof costRowSchema>;
export type CostsAnswer = z.infer<typeof costsAnswerSchema>;
export type FactorMoves = z.infer<typeof factorMovesSchema>;
export type BaselineAnswer = z.infer<typeof baselineAnswerSchema>;
