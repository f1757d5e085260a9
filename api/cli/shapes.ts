import { z } from 'zod';
import { CARRIERS } from '#domain';
import { findingSchema, liveSchema, statusSchema as booksStatus } from '../../pipeline/answers.ts';
import { eventSchema } from '../http/event-shape.ts';

export { eventSchema } from '../http/event-shape.ts';

/** Shapes of `--json` where pipeline/answers.ts has none; docs/cli.md shows them (held by a test). */
const isoTime = z.string().describe('ISO 8601 with offset');

const changeSchema = z.strictObject({
  kind: z.enum(['add', 'change', 'end']),
  what: z.string().describe('site, institution, premises, device, point, mounting, allocation, headcount, area'),
  id: z.string(),
  old: z.string().optional(),
  new: z.string().optional(),
  recomputes: z
    .strictObject({ from: z.string(), to: z.string().nullable(), points: z.array(z.string()) })
    .optional()
    .describe('what would be recomputed'),
});

export const applySchema = z.strictObject({
  site: z.string(),
  taken: z.array(changeSchema),
  left: z.array(changeSchema).describe('not taken, because only additions were asked for'),
  committed: z.boolean().describe('false: nothing was written'),
});

export const checkSchema = z.strictObject({
  file: z.string(),
  problems: z.array(
    z.strictObject({
      line: z.int(),
      column: z.int(),
      code: z.string(),
      path: z.string(),
      wrong: z.strictObject({ zh: z.string(), en: z.string() }),
      instead: z.strictObject({ zh: z.string(), en: z.string() }),
    }),
  ),
});

export const findingListSchema = z.strictObject({
  items: z.array(findingSchema),
  more: z.boolean().describe('there are more than --limit'),
});

export const quarantineListSchema = z.strictObject({
  items: z.array(
    z.strictObject({
      id: z.int(),
      partition: z.int(),
      offset: z.int(),
      reason: z.string(),
      detail: z.string(),
      device: z.string().nullable(),
      register: z.string().nullable(),
      at: isoTime.nullable(),
      value: z.string().nullable(),
      state: z.enum(['open', 'admitted']).describe('admitted: by a replay, after what was missing came'),
    }),
  ),
  next: z.string().optional(),
});

export const quarantineReplaySchema = z.strictObject({
  admitted: z.int(),
  refused: z.int().describe('stay in quarantine'),
});

export const eventListSchema = z.strictObject({ site: z.string(), events: z.array(eventSchema) });

export const closeSchema = z.strictObject({
  site: z.string(),
  month: z.string(),
  version: z.int(),
  closedAt: isoTime,
  by: z.string().describe('claimed, not proven'),
  reason: z.string(),
  hash: z.string(),
});

export const closesSchema = z.strictObject({
  closes: z.array(closeSchema),
  adjustments: z.array(
    z.strictObject({
      month: z.string(),
      version: z.int(),
      subject: z.string(),
      carrier: z.enum(CARRIERS),
      old: z.int(),
      new: z.int(),
      difference: z.int(),
      reason: z.string(),
      at: isoTime,
    }),
  ),
});

export const statusSchema = z.strictObject({
  running: z
    .strictObject({ pid: z.int(), role: z.string(), address: z.string().nullable() })
    .nullable()
    .describe('the process that holds the data folder'),
  ...booksStatus.shape,
});

export const registersSchema = z.strictObject({
  site: z.string(),
  registers: z.array(liveSchema.extend({ model: z.string() })),
});

export const backupSchema = z.strictObject({ file: z.string(), rows: z.int(), bytes: z.int() });
