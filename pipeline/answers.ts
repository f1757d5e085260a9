import { z } from 'zod';
import { CARRIERS, FINDING_KINDS, ITEMS, METER_EVENT_KINDS, PERIODS, ROLES } from '#domain';
import { localText } from './answers-parts.ts';

/**
 * The shapes of answers, the same by CLI (`--json`) and API. Amounts are integers in base units; `display` beside them is
 * the same amount in the unit people read. Instants are ISO 8601 with the offset of the site's zone.
 */
const instant = z.string().describe('ISO 8601 with offset');
const amount = z.int().describe('integer in the base unit');

export const subjectSchema = z.strictObject({
  kind: z.enum(['register', 'point', 'item', 'institution', 'premises', 'site', 'party']),
  id: z.string(),
  name: localText,
});

export const splitSchema = z
  .strictObject({ measured: amount, interpolated: amount, manual: amount, disputed: amount })
  .describe('the amount by quality; adds up to the amount');

export const usageRowSchema = z.strictObject({
  from: instant,
  to: instant,
  amount,
  display: z.string().describe('amount in displayUnit, exact'),
  split: splitSchema,
  estimated: z
    .int()
    .nullable()
    .describe('similar-days estimate of what no reading evidences; never part of the amount'),
  coverage: z.number().min(0).max(1).describe('share of the time whose energy is evidenced'),
  provisional: z.boolean().describe('the period has not ended, or its end is still open'),
});

export const usageAnswerSchema = z.strictObject({
  subject: subjectSchema,
  carrier: z.enum(CARRIERS),
  unit: z.string(),
  displayUnit: z.string(),
  zone: z.string(),
  by: z.enum(PERIODS),
  version: z.string().describe('`live`, or the closed version it was read as of'),
  rows: z.array(usageRowSchema),
  total: usageRowSchema,
});

const readingSchema = z.strictObject({ at: instant, value: z.int(), unit: z.string() });

/**
 * One step of a trace. `terms` add up to `amount`. Leaves are pairs of readings: with face values a and b, wraps and multiplier m,
 * amount = floor(m·b) + wraps·floor(m·modulus) − floor(m·a), where a boundary between two readings is first placed by time.
 */
export const traceNodeSchema = z.strictObject({
  kind: z.enum(['institution', 'site', 'premises', 'item', 'point', 'share', 'formula', 'meter', 'span']),
  id: z.string(),
  label: localText.describe('one sentence that a person can re-add by hand'),
  from: instant,
  to: instant,
  amount,
  display: z.string(),
  split: splitSchema.optional(),
  coverage: z.number().optional(),
  share: z
    .strictObject({ ratio: z.string(), basis: z.string(), since: z.string() })
    .optional()
    .describe('kind share: allocated part of the term below, summed per local day'),
  sign: z.union([z.literal(1), z.literal(-1)]).optional(),
  meter: z
    .strictObject({
      serial: z.string(),
      device: z.string(),
      register: z.string(),
      multiplier: z.string(),
      scale: z.string(),
      modulus: z.int().nullable(),
    })
    .optional(),
  span: z
    .strictObject({
      start: z.strictObject({
        before: readingSchema.nullable(),
        after: readingSchema.nullable(),
        face: z.int(),
        exact: z.boolean(),
      }),
      end: z.strictObject({
        before: readingSchema.nullable(),
        after: readingSchema.nullable(),
        face: z.int(),
        exact: z.boolean(),
      }),
      wraps: z.int(),
      formula: z.string(),
    })
    .optional(),
  events: z.array(
    z.strictObject({
      id: z.int().nullable(),
      kind: z.enum(METER_EVENT_KINDS),
      at: instant,
      by: z.string(),
      confirmedBy: z.string().nullable(),
      claimed: z.boolean().describe('names are claimed until access control exists'),
      reason: z.string(),
      detail: localText.describe('what was said, times apart'),
    }),
  ),
  findings: z.array(
    z.strictObject({
      kind: z.enum(FINDING_KINDS),
      from: instant,
      to: instant,
      fromValue: z.int(),
      toValue: z.int(),
      explained: z.boolean(),
    }),
  ),
  get terms() {
    return z.array(traceNodeSchema);
  },
});

export const traceAnswerSchema = z.strictObject({
  subject: subjectSchema,
  carrier: z.enum(CARRIERS),
  unit: z.string(),
  displayUnit: z.string(),
  zone: z.string(),
  version: z.string(),
  root: traceNodeSchema,
});

export const reconcileAnswerSchema = z.strictObject({
  at: instant,
  layers: z.array(
    z.strictObject({
      layer: z
        .string()
        .describe(
          'hours-days, days-months, months-year, points-institutions, institutions-days, institutions-site, brackets-log, days-brackets',
        ),
      rows: z.int(),
      differences: z.int(),
      examples: z.array(z.string()),
    }),
  ),
  rows: z.int(),
  differences: z.int(),
});

export const pointSchema = z.strictObject({
  id: z.string(),
  name: localText,
  carrier: z.enum(CARRIERS),
  role: z.enum(ROLES),
  item: z.enum(ITEMS).nullable(),
  premises: z.string().nullable(),
  parent: z.string().nullable(),
  institutions: z.array(z.string()),
  ended: z.boolean(),
});

/** State of one register now. */
export const liveSchema = z.strictObject({
  device: z.string(),
  register: z.string(),
  kind: z.enum(['counter', 'gauge']),
  point: z.string().nullable(),
  serial: z.string().nullable(),
  carrier: z.enum(CARRIERS).nullable(),
  unit: z.string(),
  value: z.int().nullable(),
  at: instant.nullable(),
  state: z
    .enum(['live', 'late', 'silent', 'never'])
    .describe('by age of the last reading against the interval: ≤ 2 live, ≤ 10 late'),
});

export const institutionSchema = z.strictObject({
  id: z.string(),
  name: localText,
  headcount: z.number().nullable(),
  areaM2: z.number().nullable(),
  ended: z.boolean(),
});

export const findingSchema = z.strictObject({
  kind: z.enum(FINDING_KINDS),
  site: z.string(),
  point: z.string().nullable(),
  meter: z.string(),
  device: z.string(),
  register: z.string(),
  from: instant,
  to: instant,
  fromValue: z.int(),
  toValue: z.int(),
  explained: z.boolean(),
  cure: localText.describe('what a person can do about it'),
});

/** What gateways that send over HTTPS said of themselves last, against the registry. */
const gatewaysSchema = z.strictObject({
  gateways: z.array(
    z.strictObject({
      key: z.string(),
      site: z.string(),
      src: z.string(),
      reportedAt: instant,
      waiting: z.int().describe('frames in its spool'),
      missing: z.int().describe('of its frames that are not here, though later ones are'),
      draining: z.boolean().describe('what is missing waits there, as it said within 15 minutes: it comes by itself'),
      oldestAt: instant.nullable(),
      notStored: z.int().describe('frames that a full disk kept out since its start'),
      clockSteps: z
        .array(z.strictObject({ at: instant, byMs: z.int() }))
        .describe('steps of its clock since its start'),
      unknownHere: z.array(z.string()).describe('device/register that it reads and the registry lacks'),
    }),
  ),
  notRead: z.array(z.string()).describe('site: device/register of the registry that no gateway of the site reads'),
});

/** Log offsets, lags, counters and sizes: the part of the status that every door shows. */
export const statusSchema = z.strictObject({
  log: z.strictObject({ kind: z.enum(['embedded', 'kafka']), identity: z.string(), bytes: z.int().nullable() }),
  partitions: z.array(
    z.strictObject({
      partition: z.int(),
      nextOffset: z.int(),
      low: z.int(),
      high: z.int(),
      lag: z.int(),
      readings: z.int(),
      folded: z.int(),
      quarantined: z.int(),
      missing: z
        .int()
        .describe('holes in seq per spool: 0 unless a gateway drains what has waited, or something was lost'),
    }),
  ),
  quarantineOpen: z.record(z.string(), z.int()),
  dirty: z.int(),
  lastCommitAt: instant.nullable(),
  booksBytes: z.int(),
  ...gatewaysSchema.shape,
});

export type Subject = z.infer<typeof subjectSchema>;
export type Split = z.infer<typeof splitSchema>;
export type UsageRow = z.infer<typeof usageRowSchema>;
export type UsageAnswer = z.infer<typeof usageAnswerSchema>;
export type TraceNode = z.infer<typeof traceNodeSchema>;
export type TraceAnswer = z.infer<typeof traceAnswerSchema>;
export type ReconcileAnswer = z.infer<typeof reconcileAnswerSchema>;
export type PointAnswer = z.infer<typeof pointSchema>;
export type LiveAnswer = z.infer<typeof liveSchema>;
export type InstitutionAnswer = z.infer<typeof institutionSchema>;
export type FindingAnswer = z.infer<typeof findingSchema>;
export type GatewaysAnswer = z.infer<typeof gatewaysSchema>;
export type StatusAnswer = z.infer<typeof statusSchema>;
