import { z } from 'zod';
import {
  CARRIERS,
  type Interval,
  ITEMS,
  parseTime,
  type Period,
  PERIODS,
  REGISTER_PATTERN,
  requestError,
  type Zone,
  HOUR,
  DAY,
} from '#domain';
import type { UsageQuery } from '../../pipeline/service.ts';
import { idSchema, siteKey } from './shapes.ts';

/** How usage and trace are asked for: a subject, a time, a carrier. Without a subject: the whole site. */
export const usageQuerySchema = z.strictObject({
  ...siteKey,
  register: z.string().optional().describe('<device>/<register>'),
  point: idSchema.optional(),
  item: z.enum(ITEMS).optional().describe('of `institution`, or of the site'),
  institution: idSchema.optional(),
  premises: idSchema.optional(),
  unallocated: z.literal('true').optional().describe('what no institution bears'),
  carrier: z.enum(CARRIERS).optional().describe('needed where the subject has more than one'),
  from: z
    .string()
    .max(40)
    .describe('2026, 2026-03, 2026-03-05 or 2026-03-05T08:00; in the zone of the site unless it has an offset'),
  to: z.string().max(40).optional().describe('the end of what it names; absent: the end of what `from` names'),
  by: z.enum(PERIODS).default('day'),
  asOf: z.string().max(40).optional().describe('closed version, such as 2026-03#1; absent: live'),
});

export type UsageQueryText = z.output<typeof usageQuerySchema>;

export const MAX_ROWS = 10_000;
const LENGTH: Readonly<Record<Period, number>> = { hour: HOUR, day: DAY, month: 28 * DAY, year: 365 * DAY };

/** Throws SUBJECT_AMBIGUOUS, SUBJECT_INVALID, TIME_INVALID, PERIOD_EMPTY, PERIOD_TOO_LONG. */
export function parseUsageQuery(text: UsageQueryText, site: string, zone: Zone, now: number): UsageQuery {
  const interval = parseInterval(text.from, text.to, zone, now);
  requireRows(interval, LENGTH[text.by], text.by);
  return { site, subject: parseSubject(text), carrier: text.carrier, interval, by: text.by, asOf: text.asOf };
}

/** Throws PERIOD_TOO_LONG. */
export function requireRows(interval: Interval, lengthMs: number, by: string): void {
  if ((interval.to - interval.from) / lengthMs <= MAX_ROWS) return;
  throw requestError('PERIOD_TOO_LONG', `that is more than ${MAX_ROWS} rows by ${by}`, {
    place: 'query from, to',
    cure: 'ask for a shorter time, or by a longer period',
  });
}

/** [start of `from`, end of `to`); a `from` that is an instant, without `to`, runs until now. */
export function parseInterval(from: string, to: string | undefined, zone: Zone, now: number): Interval {
  const start = parseTime(from, zone);
  const end = to === undefined ? (start.to > start.from ? start.to : now) : parseTime(to, zone).to;
  if (end <= start.from) {
    throw requestError('PERIOD_EMPTY', `"${to ?? 'now'}" is not after "${from}"`, {
      place: 'query from, to',
      cure: 'let `to` name a later time',
    });
  }
  return { from: start.from, to: end };
}

function parseSubject(text: UsageQueryText): UsageQuery['subject'] {
  const named = (['register', 'point', 'item', 'institution', 'premises', 'unallocated'] as const).filter(
    (key) => text[key] !== undefined && !(key === 'institution' && text.item !== undefined),
  );
  if (named.length > 1) {
    throw requestError('SUBJECT_AMBIGUOUS', `the request names ${named.join(' and ')}`, {
      place: `query ${named.join(', ')}`,
      cure: 'name one; `institution` may stand beside `item`',
    });
  }
  if (text.register !== undefined) return parseRegister(text.register);
  if (text.item !== undefined) return { kind: 'item', id: text.item, institution: text.institution };
  if (text.point !== undefined) return { kind: 'point', id: text.point };
  if (text.institution !== undefined) return { kind: 'institution', id: text.institution };
  if (text.premises !== undefined) return { kind: 'premises', id: text.premises };
  return { kind: text.unallocated === undefined ? 'site' : 'unallocated' };
}

/** Throws SUBJECT_INVALID. */
export function parseRegister(text: string): Extract<UsageQuery['subject'], { readonly kind: 'register' }> {
  const [device = '', register = '', ...rest] = text.split('/');
  if (rest.length > 0 || !idSchema.safeParse(device).success || !REGISTER_PATTERN.test(register)) {
    throw requestError('SUBJECT_INVALID', `"${text}" is not a register`, {
      place: 'query register',
      cure: 'write <device>/<register>, such as em-01/e1',
    });
  }
  return { kind: 'register', device, register };
}
