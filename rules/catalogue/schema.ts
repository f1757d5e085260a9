import { CARRIERS } from '#domain';
import { z } from 'zod';
import { INSTITUTION_TYPES, METRICS, OTHER_FUELS, type Metric } from '../contract.ts';
import { COMPARISONS, type CatalogueEntry } from './rows.ts';

const date = z.iso.date();
const name = z.string().min(1);
const positive = z.number().positive();
const region = z.string().regex(/^(\d{6}|grid:[a-z]+)$/, 'a division code of six digits, or grid:<name>');

const common = {
  id: name,
  region,
  from: date,
  to: date.optional(),
  source: z.strictObject({ document: name, clause: name, year: z.int().min(1980).max(2100) }),
  confidence: z.enum(['A', 'B', 'C', 'D']),
  verified: z.boolean(),
  note: name.optional(),
};

const carrier = z.enum([...CARRIERS, ...OTHER_FUELS]);
const fuelFactor = {
  ...common,
  set: name,
  carrier,
  variant: name.optional(),
  value: positive,
  per: z.enum(['kWh', 'm3', 'kg', 'L', 'GJ']),
};
const type = z.enum(INSTITUTION_TYPES);

const limits = z
  .strictObject({
    constraint: positive.optional(),
    base: positive.optional(),
    guide: positive.optional(),
    general: positive.optional(),
    advanced: positive.optional(),
  })
  .superRefine((value, context) => {
    const energy = [value.constraint, value.base, value.guide].filter((limit) => limit !== undefined);
    const water = [value.general, value.advanced].filter((limit) => limit !== undefined);
    const falls = (list: readonly number[]): boolean =>
      list.every((limit, place) => place === 0 || limit <= (list[place - 1] ?? 0));
    if (energy.length + water.length === 0) context.addIssue({ code: 'custom', message: 'no limit at all' });
    if (energy.length > 0 && water.length > 0)
      context.addIssue({ code: 'custom', message: 'energy limits and water limits in one row' });
    if (!falls(energy) || !falls(water))
      context.addIssue({ code: 'custom', message: 'constraint ≥ base ≥ guide and general ≥ advanced must hold' });
  });

/** One unit per metric, so that a verdict compares like with like. */
export const UNIT_OF: Readonly<Record<Metric, string>> = {
  'energy-per-area': 'kgce/(m2·a)',
  'non-heating-per-area': 'kgce/(m2·a)',
  'energy-per-person': 'kgce/(person·a)',
  'electricity-per-area': 'kWh/(m2·a)',
  'heating-per-heated-area': 'kgce/(m2·a)',
  'data-centre-eue': '1',
  'water-per-person': 'm3/(person·a)',
  'water-per-bed-day': 'L/(bed·d)',
  'water-per-area': 'm3/(m2·a)',
  'co2-per-area': 'kgCO2/(m2·a)',
  'co2-per-person': 'kgCO2/(person·a)',
  'pv-share': '1',
  'unattributed-share': '1',
};

const quota = z
  .strictObject({
    ...common,
    kind: z.literal('quota'),
    pack: name,
    standard: name,
    table: name,
    metric: z.enum(METRICS),
    unit: name,
    type,
    level: name.optional(),
    zone: name.optional(),
    heating: name.optional(),
    class: name.optional(),
    limits,
    factorSet: name,
  })
  .refine((row) => row.unit === UNIT_OF[row.metric], {
    path: ['unit'],
    message: 'not the unit of the metric (rules/catalogue/schema.ts, UNIT_OF)',
  });

const target = z
  .strictObject({
    ...common,
    kind: z.literal('target'),
    plan: name,
    jurisdictionClass: name.optional(),
    metric: z.enum([...METRICS, 'energy-total', 'water-total', 'co2-total']),
    baseYear: z.int(),
    targetYear: z.int(),
    change: z.number().min(-1).max(1).optional(),
    base: positive.optional(),
    cap: positive.optional(),
    unit: name,
  })
  .refine((row) => row.change !== undefined || row.cap !== undefined, { message: 'neither change nor cap' })
  .refine((row) => row.baseYear < row.targetYear, { path: ['targetYear'], message: 'not after the base year' });

const electricity = z
  .strictObject({
    ...common,
    kind: z.literal('electricity-co2'),
    dataYear: z.int(),
    basis: z.enum(['average', 'residual', 'fossil', 'ets']),
    value: positive,
    published: name,
  })
  .refine((row) => row.from === `${row.dataYear}-01-01` && (row.to === undefined || row.to > row.from), {
    path: ['from'],
    message: 'a factor is valid from the first day of its data year',
  });

const zone = z.strictObject({
  ...common,
  kind: z.literal('zone'),
  scheme: name,
  place: name,
  zone: name,
  subzone: name.optional(),
  hdd18: z.number().nonnegative().optional(),
  cdd26: z.number().nonnegative().optional(),
  heatingDays: positive.optional(),
});

const correction = z.strictObject({
  ...common,
  kind: z.literal('correction'),
  pack: name,
  type,
  parameter: z.enum(['hours-per-year', 'area-per-person']),
  constant: z.number(),
  slope: z.number(),
  ratio: z.enum(['reference-over-actual', 'actual-over-reference']),
  reference: positive,
  unit: name,
});

const barometer = z
  .strictObject({
    ...common,
    kind: z.literal('barometer'),
    comparison: z.enum(COMPARISONS),
    level1: z.number(),
    level2: z.number(),
  })
  .refine((row) => row.level1 > row.level2, { path: ['level1'], message: 'level 1 is worse, so its lag is larger' });

const formula = z.strictObject({ ncv: positive, carbon: positive, oxidation: positive.max(1) });

export const entrySchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...fuelFactor, kind: z.literal('coal') }),
  z.strictObject({
    ...common,
    kind: z.literal('density'),
    set: name,
    carrier,
    variant: name.optional(),
    value: positive,
  }),
  electricity,
  z.strictObject({ ...fuelFactor, kind: z.literal('fuel-co2'), formula: formula.optional() }),
  z.strictObject({ ...fuelFactor, kind: z.literal('heat-co2') }),
  quota,
  target,
  z.strictObject({ ...common, kind: z.literal('grid'), grid: z.string().regex(/^grid:[a-z]+$/) }),
  zone,
  correction,
  barometer,
  z.strictObject({
    ...common,
    kind: z.literal('pack'),
    pack: name,
    name: z.strictObject({ zh: name, en: name }),
    zoneScheme: name.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('reference-limit'),
    subject: name,
    unit: name,
    level: name.optional(),
    limits,
  }),
]) satisfies z.ZodType<CatalogueEntry>;

/**
 * A data file: tables of rows that share fields. `columns` makes rows arrays (a dotted column is a nested field, an empty cell `null`);
 * `named` builds the row's id from fields instead of a field `row`; `continuous` claims a series without gaps.
 */
export const fileSchema = z.strictObject({
  tables: z
    .array(
      z.strictObject({
        shared: z.record(z.string(), z.unknown()),
        continuous: z.boolean().optional(),
        columns: z.array(name).optional(),
        named: z.array(name).optional(),
        rows: z.array(z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())])).min(1),
      }),
    )
    .min(1),
});

export type DataFile = z.output<typeof fileSchema>;
export type DataTable = DataFile['tables'][number];

export const confirmationSchema = z.strictObject({ row: name, by: name, at: date, text: name });
