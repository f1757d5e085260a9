import { z } from 'zod';
import type { Registry } from '#domain';
import type { LiveAnswer } from '../../../pipeline/answers.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { shownBy } from '../face.ts';
import { type LiveMessage, liveMessageSchema, powerNow } from '../power.ts';
import { problems, siteQuery } from '../shapes.ts';
import type { Send, Streams } from '../stream.ts';

/** How old the registry may be by which a stream sums up power. */
const REGISTRY_KEPT_MS = 30_000;
const KEPT = {
  level: 'warn',
  message: 'the registry could not be read anew; live messages go on by the one before',
} as const;
const LOST = { level: 'warn', message: 'live message not sent' } as const;

export function liveRoutes(app: App, context: ApiContext, streams: Streams): void {
  const { service, clock } = context;
  app.get(
    '/live',
    {
      schema: {
        summary: 'Every register with its last value and state, and the electric power now',
        tags: ['live'],
        querystring: siteQuery,
        response: { 200: liveMessageSchema, ...problems },
      },
    },
    async ({ query }) => {
      const registry = await registryOf(service, query.site);
      const registers = await service.live(registry.site.id);
      return { registers: registers.map(shownBy(registry)), power: powerNow(registry, registers, clock.now()) };
    },
  );

  app.get(
    '/live/stream',
    {
      // it would hold one of the streams, and its reader would never see so much as the head
      exposeHeadRoute: false,
      schema: {
        summary: 'Server-sent events: `snapshot` with every register first, then `changed` at most once a second',
        tags: ['live'],
        querystring: siteQuery,
        response: {
          200: {
            description: 'each message carries a LiveMessage; an event `beat` every 15 s says that the line is open',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          ...problems,
        },
      },
    },
    async ({ query }, reply) => {
      const registry = await registryOf(service, query.site);
      const registers = await service.live(registry.site.id);
      streams.open(reply.raw, reply.getHeaders(), (send) => follow(context, registry, registers, send));
      reply.hijack();
    },
  );
}

function follow(
  { service, clock, telemetry }: ApiContext,
  first: Registry,
  registers: readonly LiveAnswer[],
  send: Send,
): () => void {
  const site = first.site.id;
  const known = new Map<string, LiveAnswer>();
  let [registry, readAt] = [first, clock.now()];
  const readAnew = async (): Promise<void> => {
    if (clock.now() - readAt <= REGISTRY_KEPT_MS) return;
    try {
      [registry, readAt] = [await service.registry(site), clock.now()];
    } catch (error) {
      telemetry.emit('liveRegistryKept', KEPT, { site, error: String(error) });
    }
  };
  const say = async (event: string, changed: readonly LiveAnswer[]): Promise<void> => {
    try {
      for (const one of changed) known.set(`${one.device}/${one.register}`, one);
      await readAnew();
      const power = powerNow(registry, [...known.values()], clock.now());
      const message: LiveMessage = { registers: changed.map(shownBy(registry)), power };
      send(event, liveMessageSchema.parse(message));
    } catch (error) {
      telemetry.emit('liveMessageFailed', LOST, { site, error: String(error) });
    }
  };
  // each waits for the one before: the page keeps what it was told last
  let told = Promise.resolve();
  const tell = (event: string, changed: readonly LiveAnswer[]): void => {
    told = told.then(() => say(event, changed));
  };
  tell('snapshot', registers);
  return service.watch(site, (changed) => tell('changed', changed));
}
