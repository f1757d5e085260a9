import { pointSchema } from '../../../pipeline/answers.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { listOf, problems, siteQuery } from '../shapes.ts';

export function pointsRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/points',
    {
      config: { etag: true },
      schema: {
        summary: 'Metering points of a site',
        tags: ['registry'],
        querystring: siteQuery,
        response: { 200: listOf(pointSchema), ...problems },
      },
    },
    async ({ query }) => {
      const { site } = await registryOf(service, query.site);
      return { items: await service.points(site.id) };
    },
  );
}
