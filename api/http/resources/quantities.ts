import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { kept, QUANTITY_COLUMNS, type QuantityTable } from '#domain';
import {
  documentAnswerSchema,
  importQuantitiesAnswerSchema,
  MAX_DOCUMENT_BYTES,
  quantitiesAnswerSchema,
} from '../../../pipeline/index.ts';
import { type ApiContext, type App, registryOf, requireInstitution } from '../context.ts';
import { claimKeys, idSchema, problems, siteKey, siteQuery } from '../shapes.ts';

const tags = ['import'];
const year = z.coerce.number().int().min(1990).max(2100);
const HASH = /^[0-9a-f]{64}$/;
const BYTES = 'application/octet-stream';
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const MAX_ROWS = 2_000;
const cells = z.strictObject(
  Object.fromEntries(QUANTITY_COLUMNS.map((column) => [column, z.string().max(500).optional()])),
);

export function quantitiesRoutes(app: App, { service }: ApiContext): void {
  app.post(
    '/quantities',
    {
      bodyLimit: 4 * 1024 * 1024,
      schema: {
        summary: 'Monthly quantities that no meter gives; every row that can be taken is, each other is named',
        tags,
        querystring: z.strictObject({}),
        body: z.strictObject({
          ...siteKey,
          by: claimKeys.by,
          reason: claimKeys.reason.optional().describe('needed to replace'),
          replace: z.boolean().default(false),
          commit: z.boolean().default(false).describe('false: say what would be taken, write nothing'),
          name: kept(z.string().min(1).max(200)).describe('of the document or request'),
          documents: z
            .record(z.string().max(200), z.string().regex(HASH))
            .optional()
            .describe('SHA-256 of documents handed in before, by the names that rows give them'),
          rows: z.array(cells).min(1).max(MAX_ROWS).describe('texts as people write them, months as 2026-03'),
        }),
        response: { 200: importQuantitiesAnswerSchema, ...problems },
      },
    },
    async ({ body: { site, rows, name, ...options } }) => {
      const registry = await registryOf(service, site);
      const table: QuantityTable = {
        name,
        sha256: createHash('sha256').update(JSON.stringify(rows)).digest('hex'),
        drafts: rows.map((row, i) => ({ row: i + 1, cells: row })),
      };
      return service.rules.importQuantities(registry.site.id, table, options);
    },
  );

  app.get(
    '/quantities',
    {
      schema: {
        summary: 'Quantities entered by hand, with file and row, document and who entered them',
        tags,
        querystring: z.strictObject({
          ...siteKey,
          institution: idSchema.optional(),
          year,
          superseded: z.enum(['true', 'false']).optional().describe('also those that were replaced'),
        }),
        response: { 200: quantitiesAnswerSchema, ...problems },
      },
    },
    async ({ query }) => {
      const registry = await registryOf(service, query.site);
      const site = registry.site.id;
      if (query.institution !== undefined) requireInstitution(registry, query.institution);
      const rows = await service.rules.quantities({
        site,
        institution: query.institution,
        from: query.year * 12,
        to: query.year * 12 + 11,
        superseded: query.superseded === 'true',
      });
      return { site, quantities: [...rows] };
    },
  );

  app.get(
    '/quantities/template',
    {
      schema: {
        summary: 'The XLSX to fill in: institutions and months of a year, what may be written',
        tags,
        querystring: z.strictObject({ ...siteKey, year }),
        response: { ...file(XLSX), ...problems },
      },
    },
    async ({ query }, reply) => {
      const { site } = await registryOf(service, query.site);
      const bytes = await service.rules.quantityTemplate(site.id, query.year);
      return attachment(reply, XLSX, `${site.id}-${query.year}.xlsx`, bytes);
    },
  );

  documentRoutes(app, service);
}

function documentRoutes(app: App, service: ApiContext['service']): void {
  void app.register(async (scope: App) => {
    scope.addContentTypeParser(
      [BYTES, 'application/pdf', 'image/jpeg', 'image/png'],
      { parseAs: 'buffer' },
      (_, body, done) => done(null, body),
    );
    scope.post(
      '/documents',
      {
        bodyLimit: MAX_DOCUMENT_BYTES,
        schema: {
          summary: 'Hands in a document behind quantities (at most 20 MB); kept by its SHA-256',
          tags,
          consumes: [BYTES, 'application/pdf', 'image/jpeg', 'image/png'],
          querystring: z.strictObject({ ...siteKey, by: claimKeys.by, filename: kept(z.string().min(1).max(200)) }),
          body: z.instanceof(Uint8Array, { error: 'the body must be the file itself' }),
          response: { 201: documentAnswerSchema, ...problems },
        },
      },
      async ({ query: { site, by, filename }, body }, reply) => {
        const registry = await registryOf(service, site);
        const kept = await service.rules.keepDocument(registry.site.id, { name: filename, bytes: body }, by);
        return reply.code(201).send(kept);
      },
    );
  });

  app.get(
    '/documents/:sha256',
    {
      schema: {
        summary: 'A document byte for byte as it was handed in',
        tags,
        params: z.strictObject({ sha256: z.string().regex(HASH) }),
        querystring: siteQuery,
        response: { ...file(BYTES), ...problems },
      },
    },
    async ({ params: { sha256 }, query }, reply) => {
      const { site } = await registryOf(service, query.site);
      const { document, content } = await service.rules.document(site.id, sha256);
      return attachment(reply, BYTES, document.name, content);
    },
  );
}

const file = (type: string) => ({
  200: { description: 'the file', content: { [type]: { schema: z.instanceof(Uint8Array) } } },
});

/** Never shown by the browser as if it were a page of ours. */
const attachment = (reply: FastifyReply, type: string, name: string, bytes: Uint8Array) =>
  reply
    .type(type)
    .header('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`)
    .send(Buffer.from(bytes));
