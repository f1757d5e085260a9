import { z } from 'zod';
import { QUANTITY_COLUMNS, QUANTITY_KINDS, QUANTITY_USES, TEMPERATURE_COLUMNS } from '#domain';
import { day, localText, missingSchema, month, share } from './answers-parts.ts';

/** The shapes of what people bring: site facts, quantities by hand and their documents, outdoor temperatures, confirmations of rows. */
export const quantityAnswerSchema = z.strictObject({
  id: z.int(),
  site: z.string(),
  institution: z.string(),
  month,
  kind: z.enum(QUANTITY_KINDS),
  use: z.enum(QUANTITY_USES),
  amount: z.int().describe('base unit of the kind'),
  quantity: z.string().describe('as entered'),
  unit: z.string(),
  costFen: z.int().nullable(),
  document: z
    .strictObject({
      name: z.string(),
      sha256: z.string().nullable().describe('null: only its name is known'),
    })
    .nullable(),
  note: z.string().nullable(),
  file: z.strictObject({ name: z.string(), sha256: z.string(), row: z.int() }).nullable(),
  by: z.string(),
  reason: z.string().nullable(),
  at: z.string().describe('ISO 8601'),
  supersededBy: z.int().nullable(),
});

export const quantitiesAnswerSchema = z.strictObject({ site: z.string(), quantities: z.array(quantityAnswerSchema) });

export const documentAnswerSchema = z.strictObject({
  sha256: z.string(),
  name: z.string(),
  bytes: z.int(),
  by: z.string(),
  at: z.string().describe('ISO 8601'),
});

export const refusedQuantitySchema = z.strictObject({
  row: z.int(),
  column: z.enum(QUANTITY_COLUMNS).nullable(),
  text: z.string(),
  code: z.string(),
  reason: localText,
  cure: localText,
});

export const importQuantitiesAnswerSchema = z.strictObject({
  site: z.string(),
  file: z.string(),
  rows: z.int(),
  added: z.int(),
  unchanged: z.int(),
  replaced: z.int(),
  attached: z.int().describe('rows that stood and have their document now'),
  refused: z.array(refusedQuantitySchema),
  committed: z.boolean(),
});

const fileSchema = z.strictObject({ name: z.string(), sha256: z.string() });

/** Where outdoor temperatures come from: who measured, and the files that were imported. */
export const temperatureSourceSchema = z.strictObject({
  kind: z.enum(['series', 'gauge']),
  name: z.string(),
  sources: z.array(z.string()),
  files: z.array(fileSchema),
});

export const temperatureAnswerSchema = z.strictObject({
  site: z.string(),
  from: day,
  to: day.describe('day after the last'),
  source: temperatureSourceSchema.nullable(),
  coverage: share.describe('days that are known'),
  days: z.array(
    z.strictObject({
      day,
      celsius: z.number().describe('mean of the local day'),
      hours: z.int().nullable().describe('hours with a value; null where the mean was given'),
      of: z.int().nullable(),
    }),
  ),
  missing: z.array(missingSchema),
});

export const refusedTemperatureSchema = z.strictObject({
  row: z.int(),
  column: z.enum(TEMPERATURE_COLUMNS),
  text: z.string(),
  code: z.string(),
  reason: localText,
  cure: localText,
});

export const importTemperatureAnswerSchema = z.strictObject({
  site: z.string(),
  series: z.string(),
  file: z.string(),
  step: z.enum(['day', 'hour']),
  rows: z.int(),
  added: z.int().describe('days'),
  unchanged: z.int(),
  replaced: z.int(),
  incomplete: z
    .array(z.strictObject({ day, hours: z.int(), of: z.int() }))
    .describe('days with less than nine in ten of their hours: not taken'),
  refused: z.array(refusedTemperatureSchema),
  committed: z.boolean(),
});

export const factsAnswerSchema = z.strictObject({
  site: z.string(),
  version: z.int(),
  at: z.string(),
  by: z.string(),
  reason: z.string(),
  hash: z.string(),
  facts: z.unknown().describe('as docs/schema/facts.schema.json, dates as text'),
});

export const applyFactsAnswerSchema = z.strictObject({
  site: z.string(),
  version: z.int().describe('the version in force after it'),
  changes: z.array(
    z.strictObject({
      what: z.string(),
      id: z.string(),
      old: z.string().nullable(),
      new: z.string().nullable(),
    }),
  ),
  committed: z.boolean(),
});

export const confirmationSchema = z.strictObject({
  row: z.string(),
  hash: z.string(),
  by: z.string(),
  at: day,
  text: z.string(),
  stands: z.boolean().describe('false where the row has changed since'),
});

export type QuantityAnswer = z.infer<typeof quantityAnswerSchema>;
export type DocumentAnswer = z.infer<typeof documentAnswerSchema>;
export type RefusedQuantity = z.infer<typeof refusedQuantitySchema>;
export type ImportQuantitiesAnswer = z.infer<typeof importQuantitiesAnswerSchema>;
export type FactsAnswer = z.infer<typeof factsAnswerSchema>;
export type ApplyFactsAnswer = z.infer<typeof applyFactsAnswerSchema>;
export type ConfirmationAnswer = z.infer<typeof confirmationSchema>;
export type TemperatureSourceAnswer = z.infer<typeof temperatureSourceSchema>;
export type TemperatureAnswer = z.infer<typeof temperatureAnswerSchema>;
export type RefusedTemperature = z.infer<typeof refusedTemperatureSchema>;
export type ImportTemperatureAnswer = z.infer<typeof importTemperatureAnswerSchema>;
