import { z } from 'zod';
import { decomposeAnswerSchema, DECOMPOSITION_RULES } from '../../../pipeline/index.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { problems, siteKey } from '../shapes.ts';

/** Counties of a province and the institutions of a city. */
const MAX_HOLDERS = 20_000;
const year = z.int().min(1990).max(2100);
const name = z.string().min(1).max(80);
const decimal = z.union([z.string().max(40), z.number()]).transform(String);

const holder = z.strictObject({
  id: name,
  parent: name.optional().describe('id of the one above; absent: it stands at the top'),
  base: decimal.optional().describe('of the base year, in the unit of the target'),
  class: name.optional(),
  share: decimal.optional().describe('of the target of the one above, such as 0.25'),
  rule: z.enum(DECOMPOSITION_RULES).optional().describe('for those below it'),
});

/** A total target divided level by level. */
export function decomposeRoutes(app: App, { service }: ApiContext): void {
  app.post(
    '/targets/decompose',
    {
      bodyLimit: 4 * 1024 * 1024,
      schema: {
        summary: 'A total target divided among holders, or among the institutions of the site, exactly; writes nothing',
        tags: ['rules'],
        querystring: z.strictObject({}),
        body: z.strictObject({
          ...siteKey,
          target: z.union([
            z.strictObject({ value: decimal, unit: z.string().max(20), year }),
            z.strictObject({ row: z.string().max(200).describe('a total target of the catalogue') }),
          ]),
          baseYear: year.optional().describe('needed for the institutions of a site'),
          rule: z.enum(DECOMPOSITION_RULES).default('equal-rate'),
          changes: z.record(name, z.number()).default({}).describe('by class, such as -0.05'),
          shares: z.record(name, z.number()).default({}).describe('by institution; holders have their own'),
          holders: z.array(holder).min(1).max(MAX_HOLDERS).optional().describe('absent: the institutions of the site'),
        }),
        response: { 200: decomposeAnswerSchema, ...problems },
      },
    },
    async ({ body: { site, shares, holders, ...query } }) => {
      const among = holders
        ? { holders: holders.map((one, i) => ({ ...one, place: `holders[${i}]` })) }
        : { site: (await registryOf(service, site)).site.id, shares };
      return service.rules.decompose({ ...query, among });
    },
  );
}
