import { z } from 'zod';
import type { LiveAnswer } from '../../../pipeline/answers.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { type LiveMessage, liveMessageSchema, powerNow } from '../power.ts';
import { problems, siteQuery } from '../shapes.ts';
import type { Send, Streams } from '../stream.ts';

/** How often the state of registers that nothing changed is looked at again: a silent meter sends no message. */
const REFRESH_MS = 30_000;

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
      return { registers, power: powerNow(registry, registers, clock.now()) };
    },
  );

  app.get(
    '/live/stream',
    {
      schema: {
        summary: 'Server-sent events: `snapshot` with every register first, then `changed` at most once a second',
        tags: ['live'],
        querystring: siteQuery,
        response: {
          200: {
            description: 'each message carries a LiveMessage; a comment every 15 s keeps the line open',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          ...problems,
        },
      },
    },
    async ({ query }, reply) => {
      const { site } = await registryOf(service, query.site);
      const first = await service.live(site.id);
      streams.open(reply.raw, reply.getHeaders(), (send) => follow(context, site.id, first, send));
      reply.hijack();
    },
  );
}

function follow(
  { service, clock, telemetry }: ApiContext,
  site: string,
  first: readonly LiveAnswer[],
  send: Send,
): () => void {
  const known = new Map(first.map((one) => [`${one.device}/${one.register}`, one]));
  const over = new AbortController();
  const tell = async (event: string, registers: readonly LiveAnswer[]): Promise<void> => {
    try {
      const registry = await service.registry(site);
      const message: LiveMessage = { registers, power: powerNow(registry, [...known.values()], clock.now()) };
      send(event, liveMessageSchema.parse(message));
    } catch (error) {
      telemetry.emit(
        'liveMessageFailed',
        { level: 'warn', message: 'live message not sent' },
        { error: String(error) },
      );
    }
  };
  const take = (changed: readonly LiveAnswer[], event: string): void => {
    for (const one of changed) known.set(`${one.device}/${one.register}`, one);
    void tell(event, changed);
  };
  void tell('snapshot', first);
  const stop = service.watch(site, (changed) => take(changed, 'changed'));
  const refresh = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await clock.sleep(REFRESH_MS, over.signal);
      take(await service.live(site), 'snapshot');
    }
  };
  refresh().catch((error: unknown) => {
    if (!over.signal.aborted)
      telemetry.emit(
        'liveMessageFailed',
        { level: 'warn', message: 'live message not sent' },
        { error: String(error) },
      );
  });
  return () => {
    over.abort(new Error('stream ended'));
    stop();
  };
}
