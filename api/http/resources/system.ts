import { z } from 'zod';
import { storeError } from '#domain';
import type { ApiContext, App } from '../context.ts';
import { noQuery, problems } from '../shapes.ts';

const READY_WITHIN_MS = 3_000;

/** Liveness, readiness and metrics, outside the versioned prefix, where orchestrators look for them. */
export function systemRoutes(app: App, { service, clock, telemetry }: ApiContext): void {
  app.get(
    '/health',
    {
      schema: {
        summary: 'The process runs',
        tags: ['system'],
        querystring: noQuery,
        response: { 200: z.strictObject({ status: z.literal('ok') }), ...problems },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/ready',
    {
      schema: {
        summary: 'The books answer',
        tags: ['system'],
        querystring: noQuery,
        response: { 200: z.strictObject({ status: z.literal('ready'), lag: z.int() }), ...problems },
      },
    },
    async () => {
      const { partitions } = await within(service.status(), clock);
      return { status: 'ready' as const, lag: partitions.reduce((sum, { lag }) => sum + lag, 0) };
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        summary: 'Prometheus metrics',
        tags: ['system'],
        querystring: noQuery,
        response: {
          200: { description: 'text format 0.0.4', content: { 'text/plain': { schema: z.string() } } },
          ...problems,
        },
      },
    },
    async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await telemetry.metrics()),
  );
}

/** Throws NOT_READY when the books do not answer in time. */
async function within<T>(answer: Promise<T>, { sleep }: ApiContext['clock']): Promise<T> {
  const over = new AbortController();
  const late = sleep(READY_WITHIN_MS, over.signal).then(() => {
    throw storeError('NOT_READY', 'the books do not answer', { cure: 'see `civicmeter status` and the log' });
  });
  late.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort(new Error('answered'));
  }
}
