import { zoneOf } from '#domain';
import { traceAnswerSchema, usageAnswerSchema } from '../../../pipeline/answers.ts';
import type { UsageQuery } from '../../../pipeline/service.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { problems } from '../shapes.ts';
import { parseUsageQuery, usageQuerySchema, type UsageQueryText } from '../usage-query.ts';

export function usageRoutes(app: App, context: ApiContext): void {
  app.get(
    '/usage',
    {
      schema: {
        summary: 'What a subject used, by hour, day, month or year, with quality split and coverage',
        tags: ['usage'],
        querystring: usageQuerySchema,
        response: { 200: usageAnswerSchema, ...problems },
      },
    },
    async ({ query }) => context.service.usage(await queryOf(context, query)),
  );
}

export function traceRoutes(app: App, context: ApiContext): void {
  app.get(
    '/trace',
    {
      schema: {
        summary: 'One figure and the tree under it, down to the pairs of readings',
        tags: ['usage'],
        querystring: usageQuerySchema,
        response: { 200: traceAnswerSchema, ...problems },
      },
    },
    async ({ query }) => context.service.trace(await queryOf(context, query)),
  );
}

async function queryOf({ service, clock }: ApiContext, text: UsageQueryText): Promise<UsageQuery> {
  const { site } = await registryOf(service, text.site);
  return parseUsageQuery(text, site.id, zoneOf(site.zone), clock.now());
}
