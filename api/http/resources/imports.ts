import { z } from 'zod';
import { requestError } from '#domain';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { importReportSchema } from '../import-port.ts';
import { problems, siteKey } from '../shapes.ts';

export const MAX_IMPORT_BYTES = 64 * 1024 * 1024;
const TYPES = [
  'text/csv',
  'application/octet-stream',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
] as const;

/** The file is the body; its name stands in the query. Only this route takes anything but JSON. */
export function importsRoutes(app: App, { service, importReadings }: ApiContext): void {
  void app.register(async (scope: App) => {
    scope.addContentTypeParser([...TYPES], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/imports',
      {
        bodyLimit: MAX_IMPORT_BYTES,
        schema: {
          summary: 'Meter readings as a CSV or XLSX file, through the same log and books as live frames',
          tags: ['import'],
          consumes: [...TYPES],
          querystring: z.strictObject({
            ...siteKey,
            filename: z
              .string()
              .max(200)
              .regex(/^[^/\\]+\.(csv|txt|xlsx)$/i, 'is not the name of a .csv or .xlsx file'),
            commit: z
              .enum(['true', 'false'])
              .default('false')
              .describe('false: say what was understood, write nothing'),
          }),
          body: z.instanceof(Uint8Array, { error: 'the body must be the file itself' }),
          response: { 200: importReportSchema, ...problems },
        },
      },
      async ({ query, body }) => {
        if (!importReadings) {
          throw requestError('IMPORT_NOT_HERE', 'this process has no spool to write readings to', {
            cure: 'send the file to the process that runs `civicmeter start`',
          });
        }
        const { site } = await registryOf(service, query.site);
        return importReadings({
          site: site.id,
          fileName: query.filename,
          bytes: body,
          commit: query.commit === 'true',
        });
      },
    );
  });
}
