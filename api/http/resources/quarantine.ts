import { z } from 'zod';
import { REFUSALS } from '../../../pipeline/index.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { idSchema, noQuery, pageKeys, pageOf, problems, siteKey } from '../shapes.ts';

const quarantineSchema = z
  .strictObject({
    id: z.int(),
    partition: z.int(),
    offset: z.int(),
    reason: z.string(),
    detail: z.string(),
    device: z.string().nullable(),
    register: z.string().nullable(),
    at: z.string().nullable(),
    value: z.string().nullable(),
    state: z.enum(['open', 'admitted']).describe('admitted: by a replay, after what was missing came'),
  })
  .meta({ id: 'Quarantine' });

const reason = z.enum(REFUSALS).optional();

export function quarantineRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/quarantine',
    {
      schema: {
        summary:
          'Readings that were not admitted when they came, each with its reason, and whether a replay has admitted it since; none is lost',
        tags: ['ledger'],
        querystring: z.strictObject({ ...siteKey, ...pageKeys, reason }),
        response: { 200: pageOf(quarantineSchema), ...problems },
      },
    },
    async ({ query }) => {
      // records that are no frames belong to no site, so without a site all are listed
      const site = query.site === undefined ? undefined : (await registryOf(service, query.site)).site.id;
      const { items, next } = await service.quarantine({ ...query, site });
      return { items, ...(next === undefined ? {} : { next }) };
    },
  );

  app.post(
    '/quarantine/replay',
    {
      schema: {
        summary: 'Admits again what is now known or possible; the rest stays',
        tags: ['ledger'],
        querystring: noQuery,
        body: z.strictObject({ site: idSchema.optional(), reason }),
        response: { 200: z.strictObject({ admitted: z.int(), refused: z.int() }), ...problems },
      },
    },
    async ({ body }) => {
      if (body.site !== undefined) await registryOf(service, body.site);
      return { ...(await service.replayQuarantine(body)) };
    },
  );
}
