import { z } from 'zod';
import { statusSchema as booksStatus } from '../../../pipeline/answers.ts';
import type { ApiContext, App } from '../context.ts';
import { noQuery, problems } from '../shapes.ts';
import type { Streams } from '../stream.ts';

const statusSchema = z
  .strictObject({
    access: z.literal('loopback-only').describe('there is no access control yet'),
    ...booksStatus.shape,
    spool: z.strictObject({ frames: z.int(), bytes: z.int() }).nullable().describe('as in /lines'),
    streams: z.int().describe('open live streams'),
  })
  .meta({ id: 'Status' });

export function statusRoutes(app: App, { service, spoolDepth }: ApiContext, streams: Streams): void {
  app.get(
    '/status',
    {
      schema: {
        summary: 'Log offsets, lags, counters, sizes and the last commit',
        tags: ['system'],
        querystring: noQuery,
        response: { 200: statusSchema, ...problems },
      },
    },
    async () => {
      const status = await service.status();
      const spool = spoolDepth();
      return {
        ...status,
        access: 'loopback-only' as const,
        log: { ...status.log },
        partitions: status.partitions.map((one) => ({ ...one })),
        quarantineOpen: { ...status.quarantineOpen },
        gateways: status.gateways.map((one) => ({ ...one })),
        notRead: [...status.notRead],
        spool: spool === undefined ? null : { ...spool },
        streams: streams.count(),
      };
    },
  );
}
