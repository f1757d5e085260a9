import { z } from 'zod';
import {
  EVENT_STATES,
  formatInstant,
  formatRational,
  kept,
  type MeterEvent,
  type MeterEventBody,
  parseRational,
  parseTime,
  REGISTER_PATTERN,
  type Zone,
} from '#domain';
import { claimKeys, idSchema } from './shapes.ts';

/**
 * Meter events as people send and read them: times as text in the zone of the site, ratios as text, face values as
 * integers in face units. Body and answer have one shape, so that an answer can be sent again.
 */
const time = z.string().max(40).describe('2026-03-05T08:00, in the zone of the site unless it has an offset');
const ratio = z
  .union([z.string().max(40), z.number()])
  .transform(String)
  .describe('80, 0.25 or 400/5');
const face = z.int().min(0).describe('meter face, in face units');
const register = z.string().regex(REGISTER_PATTERN, 'is not the name of a register');

export const eventBodySchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('replacement'),
      point: idSchema,
      at: time,
      final: face.optional().describe('of the old meter; absent: unknown'),
      initial: face.optional().describe('of the new meter; absent: its first reading'),
      serial: kept(z.string().min(1).max(100)),
      device: idSchema.optional(),
      register: register.optional(),
      multiplier: ratio.optional(),
      modulus: face.optional(),
      maxRate: z.number().positive().optional().describe('face units per hour'),
    }),
    z.strictObject({
      kind: z.literal('reset'),
      device: idSchema,
      register,
      at: time,
      final: face.optional(),
      initial: face.optional(),
    }),
    z.strictObject({ kind: z.literal('multiplier'), point: idSchema, from: time, multiplier: ratio }),
    z.strictObject({ kind: z.literal('exclude'), device: idSchema, register, from: time, to: time }),
    z.strictObject({ kind: z.literal('admit'), device: idSchema, register, at: time, amount: z.int().optional() }),
  ])
  .describe('what a person says about a meter');

export type EventBodyText = z.output<typeof eventBodySchema>;

export const newEventSchema = z.strictObject({
  site: idSchema.optional(),
  ...claimKeys,
  supersedes: z.int().positive().optional().describe('id of the event that this one corrects'),
  event: eventBodySchema,
});

/** Answers keep the ratio as text. */
const shownBody = z.record(z.string(), z.union([z.string(), z.number()])).describe('as it was sent, times with offset');

export const eventSchema = z
  .strictObject({
    id: z.int(),
    site: z.string(),
    state: z.enum(EVENT_STATES),
    event: shownBody,
    by: z.string(),
    claimed: z.literal(true).describe('names are claimed until access control exists'),
    reason: z.string(),
    recordedAt: z.string(),
    confirmedBy: z.string().nullable(),
    confirmedAt: z.string().nullable(),
    supersedes: z.int().nullable(),
  })
  .meta({ id: 'MeterEvent' });

export type EventAnswer = z.infer<typeof eventSchema>;

/** Throws TIME_INVALID, RATIO_INVALID. */
export function parseEventBody(text: EventBodyText, zone: Zone): MeterEventBody {
  const at = (value: string): number => parseTime(value, zone).from;
  switch (text.kind) {
    case 'replacement': {
      const { multiplier, ...rest } = text;
      return { ...rest, at: at(text.at), multiplier: multiplier === undefined ? undefined : parseRational(multiplier) };
    }
    case 'reset':
    case 'admit':
      return { ...text, at: at(text.at) };
    case 'multiplier':
      return { ...text, from: at(text.from), multiplier: parseRational(text.multiplier) };
    case 'exclude':
      return { ...text, from: at(text.from), to: parseTime(text.to, zone).to };
  }
}

export function showEventBody(body: MeterEventBody, zone: Zone): Record<string, string | number> {
  const shown = Object.entries(body).flatMap(([key, value]): [string, string | number][] => {
    if (value === undefined) return [];
    if (typeof value === 'object') return [[key, formatRational(value)]];
    return [
      [key, typeof value === 'number' && ['at', 'from', 'to'].includes(key) ? formatInstant(value, zone) : value],
    ];
  });
  return Object.fromEntries(shown);
}

export const showEvent = (event: MeterEvent, zone: Zone): EventAnswer => ({
  id: event.id,
  site: event.site,
  state: event.state,
  event: showEventBody(event.body, zone),
  by: event.by,
  claimed: true,
  reason: event.reason,
  recordedAt: formatInstant(event.recordedAt, zone),
  confirmedBy: event.confirmedBy ?? null,
  confirmedAt: event.confirmedAt === undefined ? null : formatInstant(event.confirmedAt, zone),
  supersedes: event.supersedes ?? null,
});
