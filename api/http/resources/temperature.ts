import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CARRIERS, kept, TEMPERATURE_COLUMNS, type TemperatureTable } from '#domain';
import {
  baselineAnswerSchema,
  importTemperatureAnswerSchema,
  temperatureAnswerSchema,
} from '../../../pipeline/index.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { claimKeys, idSchema, problems, siteKey } from '../shapes.ts';

const tags = ['rules'];
const period = z.string().min(4).max(40);
const series = kept(z.string().max(63)).optional().describe('the source that the facts name where it is left out');

/** Ten years of hours. */
const MAX_ROWS = 90_000;
const cells = z.strictObject(
  Object.fromEntries(TEMPERATURE_COLUMNS.map((column) => [column, z.string().max(60).optional()])),
);

/** Outdoor temperature and what it explains: the shapes of the command line. */
export function temperatureRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/temperature',
    {
      schema: {
        summary: 'Mean outdoor temperature by local day, with its hours and source',
        tags,
        querystring: z.strictObject({
          ...siteKey,
          period: period.describe('2025, 2025-03..2026-02, 2025-03-01..2026-02-28; both ends included'),
          series,
        }),
        response: { 200: temperatureAnswerSchema, ...problems },
      },
    },
    async ({ query }) => service.rules.temperature({ ...query, site: (await registryOf(service, query.site)).site.id }),
  );

  app.post(
    '/temperature',
    {
      bodyLimit: 16 * 1024 * 1024,
      schema: {
        summary: 'Outdoor temperatures by day or hour; every day that can be taken is, each other row is named',
        tags: ['import'],
        querystring: z.strictObject({}),
        body: z.strictObject({
          ...siteKey,
          series: kept(z.string().min(1).max(63)),
          source: kept(z.string().min(1).max(200)).describe('who measured: the station and its keeper'),
          by: claimKeys.by,
          reason: claimKeys.reason.optional().describe('needed to replace'),
          replace: z.boolean().default(false),
          commit: z.boolean().default(false).describe('false: say what would be taken, write nothing'),
          name: kept(z.string().min(1).max(200)).describe('of the document or request'),
          rows: z.array(cells).min(1).max(MAX_ROWS).describe('texts: 2026-03-01 or 2026-03-01 08:00, -3.5, °C'),
        }),
        response: { 200: importTemperatureAnswerSchema, ...problems },
      },
    },
    async ({ body: { site, rows, name, ...options } }) => {
      const registry = await registryOf(service, site);
      const table: TemperatureTable = {
        name,
        sha256: createHash('sha256').update(JSON.stringify(rows)).digest('hex'),
        drafts: rows.map((row, i) => ({ row: i + 1, cells: row })),
      };
      return service.rules.importTemperature(registry.site.id, table, options);
    },
  );

  app.get(
    '/baseline',
    {
      schema: {
        summary: 'Daily use fitted to weather and workdays, and savings against it with a 95 % interval',
        tags,
        querystring: z.strictObject({
          ...siteKey,
          institution: idSchema.optional().describe('the whole site where it is left out'),
          carrier: z.enum(CARRIERS),
          period: period.describe('of the baseline: 2025, 2025-03..2026-02'),
          reporting: period.optional().describe('what is compared with it; without it only the model'),
          series,
        }),
        response: { 200: baselineAnswerSchema, ...problems },
      },
    },
    async ({ query }) => service.rules.baseline({ ...query, site: (await registryOf(service, query.site)).site.id }),
  );
}
