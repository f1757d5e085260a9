import { z } from 'zod';
import { CARRIERS, localDay, monthOfDay, parseTime, requestError, type Zone, zoneOf } from '#domain';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { claimKeys, idSchema, listOf, noQuery, problems, siteKey, siteQuery } from '../shapes.ts';

const closeSchema = z
  .strictObject({
    site: z.string(),
    month: z.string(),
    version: z.int(),
    closedAt: z.string(),
    by: z.string(),
    reason: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'Close' });

const adjustmentSchema = z
  .strictObject({
    month: z.string(),
    version: z.int(),
    subject: z.string(),
    carrier: z.enum(CARRIERS),
    old: z.int(),
    new: z.int(),
    difference: z.int(),
    reason: z.string(),
    at: z.string(),
  })
  .meta({ id: 'Adjustment' });

export const monthSchema = z.string().regex(/^\d{4}-\d{2}$/, 'is not a month such as 2026-03');

/** Months since year 0. Throws MONTH_INVALID. */
export function parseMonth(text: string, zone: Zone): number {
  const month = Number(text.slice(5));
  if (month < 1 || month > 12)
    throw requestError('MONTH_INVALID', `"${text}" is not a month`, { place: 'month', cure: 'write 2026-03' });
  return monthOfDay(localDay(parseTime(text, zone).from, zone));
}

export function closesRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/closes',
    {
      schema: {
        summary: 'Closed months with version and hash',
        tags: ['close'],
        querystring: siteQuery,
        response: { 200: listOf(closeSchema), ...problems },
      },
    },
    async ({ query }) => {
      const { site } = await registryOf(service, query.site);
      return { items: (await service.closes(site.id)).map((close) => ({ ...close })) };
    },
  );

  app.post(
    '/closes',
    {
      schema: {
        summary: 'Freezes the figures of a month under a version and a hash',
        tags: ['close'],
        querystring: noQuery,
        body: z.strictObject({ site: idSchema.optional(), month: monthSchema, ...claimKeys }),
        response: { 201: closeSchema, ...problems },
      },
    },
    async ({ body }, reply) => {
      const { site } = await registryOf(service, body.site);
      const { month, by, reason } = body;
      const close = await service.close(site.id, parseMonth(month, zoneOf(site.zone)), { by, reason });
      return reply.code(201).send({ ...close });
    },
  );
}

export function adjustmentsRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/adjustments',
    {
      schema: {
        summary: 'What later data would have changed in closed months',
        tags: ['close'],
        querystring: z.strictObject({ ...siteKey, month: monthSchema.optional() }),
        response: { 200: listOf(adjustmentSchema), ...problems },
      },
    },
    async ({ query }) => {
      const { site } = await registryOf(service, query.site);
      const month = query.month === undefined ? undefined : parseMonth(query.month, zoneOf(site.zone));
      return { items: (await service.adjustments(site.id, month)).map((one) => ({ ...one })) };
    },
  );
}
