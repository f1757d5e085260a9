import { z } from 'zod';
import type { ApiContext, App } from '../context.ts';
import { noQuery, problems } from '../shapes.ts';
import type { Streams } from '../stream.ts';

const statusSchema = z
  .strictObject({
    access: z.literal('loopback-only').describe('there is no access control yet'),
    log: z.strictObject({ kind: z.enum(['embedded', 'kafka']), identity: z.string(), bytes: z.int().nullable() }),
    partitions: z.array(
      z.strictObject({
        partition: z.int(),
        nextOffset: z.int(),
        low: z.int(),
        high: z.int(),
        lag: z.int(),
        readings: z.int(),
        folded: z.int(),
        quarantined: z.int(),
        missing: z.int().describe('holes in seq per spool: 0 unless something was lost'),
      }),
    ),
    quarantineOpen: z.record(z.string(), z.int()),
    dirty: z.int(),
    lastCommitAt: z.string().nullable(),
    booksBytes: z.int(),
    spool: z.strictObject({ frames: z.int(), bytes: z.int() }).nullable(),
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
        spool: spool === undefined ? null : { ...spool },
        streams: streams.count(),
      };
    },
  );
}
