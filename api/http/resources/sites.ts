import { z } from 'zod';
import { formatInstant, SLOT_MINUTES, zoneOf } from '#domain';
import type { ApiContext, App } from '../context.ts';
import { listOf, noQuery, problems } from '../shapes.ts';

const siteSchema = z
  .strictObject({
    id: z.string(),
    name: z.strictObject({ zh: z.string(), en: z.string() }),
    zone: z.string(),
    slotMinutes: z.union(SLOT_MINUTES.map((minutes) => z.literal(minutes))),
    now: z.string().describe('the server’s clock in the zone of the site'),
    premises: z.array(
      z.strictObject({
        id: z.string(),
        name: z.strictObject({ zh: z.string(), en: z.string() }),
        parent: z.string().nullable(),
        ended: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'Site' });

export function sitesRoutes(app: App, { service, clock }: ApiContext): void {
  app.get(
    '/sites',
    {
      schema: {
        summary: 'The sites in the books',
        tags: ['registry'],
        querystring: noQuery,
        response: { 200: listOf(siteSchema), ...problems },
      },
    },
    async () => {
      const registries = await Promise.all((await service.sites()).map((site) => service.registry(site)));
      return {
        items: registries.map(({ site, premises }) => ({
          id: site.id,
          name: { ...site.name },
          zone: site.zone,
          slotMinutes: site.slotMinutes,
          now: formatInstant(clock.now(), zoneOf(site.zone)),
          premises: premises.map(({ id, name, parent, ended }) => ({
            id,
            name: { ...name },
            parent: parent ?? null,
            ended: ended !== undefined,
          })),
        })),
      };
    },
  );
}
