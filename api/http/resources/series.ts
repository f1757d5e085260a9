import { z } from 'zod';
import { DAY, formatInstant, MINUTE, zoneOf } from '#domain';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { problems, siteKey } from '../shapes.ts';
import { parseInterval, parseRegister, requireRows } from '../usage-query.ts';

const MINUTES_OF_DAY = DAY / MINUTE;

const querySchema = z.strictObject({
  ...siteKey,
  register: z.string().describe('<device>/<register>'),
  from: z.string().max(40).describe('as for usage: 2026-03-05, 2026-03-05T08:00'),
  to: z.string().max(40).optional().describe('the end of what it names; absent: the end of what `from` names'),
  window: z.coerce
    .number()
    .int()
    .min(1)
    .max(MINUTES_OF_DAY)
    .refine((minutes) => MINUTES_OF_DAY % minutes === 0, 'is not a number of minutes of which a day is made up')
    .default(15)
    .describe(
      'minutes, counted from midnight of the site; of a day of 23 or 25 hours the last window is shorter; 1440: the days of the site',
    ),
});

const seriesSchema = z
  .strictObject({
    source: z
      .enum(['historian', 'books'])
      .describe('books: first and last of each slot, a gauge’s extremes for 90 days'),
    windowMinutes: z.int().describe('whole slots of the books where a shorter window or parts of slots were asked for'),
    unit: z.string().describe('of the values: what stands on the meter’s face; gauges in thousandths'),
    items: z.array(
      z.strictObject({
        at: z.string().describe('start of the window, never before `from`'),
        min: z.int(),
        max: z.int(),
        last: z.int(),
      }),
    ),
  })
  .meta({ id: 'Series' });

export function seriesRoutes(app: App, { service, clock }: ApiContext): void {
  app.get(
    '/series',
    {
      schema: {
        summary: 'A register by window, for curves; windows without a reading are left out',
        tags: ['live'],
        querystring: querySchema,
        response: { 200: seriesSchema, ...problems },
      },
    },
    async ({ query }) => {
      const { site } = await registryOf(service, query.site);
      const zone = zoneOf(site.zone);
      const interval = parseInterval(query.from, query.to, zone, clock.now());
      const windowMs = query.window * MINUTE;
      requireRows(interval, windowMs, `${query.window} minutes`);
      const { device, register } = parseRegister(query.register);
      const answer = await service.series({ site: site.id, device, register, interval, windowMs });
      return {
        source: answer.source,
        windowMinutes: answer.windowMs / MINUTE,
        unit: answer.unit,
        items: answer.windows.map(({ start, min, max, last }) => ({ at: formatInstant(start, zone), min, max, last })),
      };
    },
  );
}
