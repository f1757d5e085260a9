import { institutionSchema } from '../../../pipeline/answers.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { listOf, problems, siteQuery } from '../shapes.ts';

export function institutionsRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/institutions',
    {
      config: { etag: true },
      schema: {
        summary: 'Institutions of a site with headcount and area as of today',
        tags: ['registry'],
        querystring: siteQuery,
        response: { 200: listOf(institutionSchema), ...problems },
      },
    },
    async ({ query }) => {
      const { site } = await registryOf(service, query.site);
      return { items: await service.institutions(site.id) };
    },
  );
}
