import { z } from 'zod';
import { FINDING_KINDS } from '#domain';
import { findingSchema } from '../../../pipeline/answers.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { idSchema, pageKeys, pageOf, problems, siteKey } from '../shapes.ts';

export function findingsRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/findings',
    {
      schema: {
        summary:
          'What the ledger says about meters: breaks, outliers, pending readings, gaps, conflicts, each with its cure',
        tags: ['ledger'],
        querystring: z.strictObject({
          ...siteKey,
          ...pageKeys,
          kind: z.enum(FINDING_KINDS).optional(),
          point: idSchema.optional(),
        }),
        response: { 200: pageOf(findingSchema), ...problems },
      },
    },
    async ({ query }) => {
      const { site } = await registryOf(service, query.site);
      const { items, next } = await service.findings({ ...query, site: site.id });
      return { items, ...(next === undefined ? {} : { next }) };
    },
  );
}
