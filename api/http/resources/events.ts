import { z } from 'zod';
import { zoneOf } from '#domain';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { eventSchema, newEventSchema, parseEventBody, showEvent } from '../event-shape.ts';
import { claimKeys, listOf, noQuery, problems, siteQuery } from '../shapes.ts';

export function eventsRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/events',
    {
      schema: {
        summary: 'Meter events of a site, kept for ever',
        tags: ['ledger'],
        querystring: siteQuery,
        response: { 200: listOf(eventSchema), ...problems },
      },
    },
    async ({ query }) => {
      const { site } = await registryOf(service, query.site);
      const events = await service.events(site.id);
      return { items: events.map((event) => showEvent(event, zoneOf(site.zone))) };
    },
  );

  app.post(
    '/events',
    {
      schema: {
        summary: 'Records a meter event; reset, exclude and admit stay proposed until a second person confirms',
        tags: ['ledger'],
        querystring: noQuery,
        body: newEventSchema,
        response: { 201: eventSchema, ...problems },
      },
    },
    async ({ body }, reply) => {
      const { site } = await registryOf(service, body.site);
      const zone = zoneOf(site.zone);
      const { by, reason, supersedes } = body;
      const event = await service.recordEvent(site.id, parseEventBody(body.event, zone), { by, reason, supersedes });
      return reply.code(201).send(showEvent(event, zone));
    },
  );

  app.post(
    '/events/:id/confirm',
    {
      schema: {
        summary: 'The second person’s word',
        tags: ['ledger'],
        params: z.strictObject({ id: z.coerce.number().int().positive() }),
        querystring: noQuery,
        body: z.strictObject({ by: claimKeys.by }),
        response: { 200: eventSchema, ...problems },
      },
    },
    async ({ params, body }) => {
      const event = await service.confirmEvent(params.id, body.by);
      const { site } = await service.registry(event.site);
      return showEvent(event, zoneOf(site.zone));
    },
  );
}
