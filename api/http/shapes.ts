import { z } from 'zod';
import { ID_PATTERN, kept } from '#domain';
import {
  findingSchema,
  institutionSchema,
  liveSchema,
  pointSchema,
  reconcileAnswerSchema,
  splitSchema,
  subjectSchema,
  traceAnswerSchema,
  traceNodeSchema,
  usageAnswerSchema,
  usageRowSchema,
} from '../../pipeline/answers.ts';
import { problemSchema } from './problem.ts';

/** Names under which the OpenAPI document refers to the pipeline's answers; the trace refers to itself. */
const NAMED = {
  Subject: subjectSchema,
  Split: splitSchema,
  UsageRow: usageRowSchema,
  Usage: usageAnswerSchema,
  TraceNode: traceNodeSchema,
  Trace: traceAnswerSchema,
  Reconcile: reconcileAnswerSchema,
  Point: pointSchema,
  Live: liveSchema,
  Institution: institutionSchema,
  Finding: findingSchema,
} as const;

for (const [id, schema] of Object.entries(NAMED))
  if (!z.globalRegistry.has(schema)) z.globalRegistry.add(schema, { id });

export const idSchema = z.string().regex(ID_PATTERN, 'is not an id: lower case letters, digits, dot, dash, underscore');

const siteKey = { site: idSchema.optional().describe('may be left out where there is only one site') } as const;

export const noQuery = z.strictObject({});
export const siteQuery = z.strictObject(siteKey);
export const pageKeys = {
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional().describe('`next` of the page before'),
} as const;
export { siteKey };

/** One page of a longer list; `next` is absent on the last. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item).readonly(), next: z.string().optional() });

export const listOf = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item).readonly() });

/** The answers that any route can give besides its own. */
export const problems = {
  '4xx': {
    description: 'what the caller must change',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
  '5xx': { description: 'what we must', content: { 'application/problem+json': { schema: problemSchema } } },
} as const;

export const claimKeys = {
  by: kept(z.string().trim().min(1).max(100)).describe('name; claimed until access control exists'),
  reason: kept(z.string().trim().min(1).max(1_000)),
} as const;
