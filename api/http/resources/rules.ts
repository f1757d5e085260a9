import { z } from 'zod';
import { kept } from '#domain';
import {
  confirmationSchema,
  convertAnswerSchema,
  costsAnswerSchema,
  factorMovesSchema,
  factorsAnswerSchema,
  INDICATOR_PERIODS,
  indicatorsAnswerSchema,
  judgeAnswerSchema,
  targetsAnswerSchema,
} from '../../../pipeline/index.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { claimKeys, idSchema, listOf, noQuery, problems, siteKey } from '../shapes.ts';

const tags = ['rules'];
const params = z.strictObject({ id: idSchema.describe('of the institution') });
const year = z.coerce.number().int().min(1990).max(2100);
const yearKeys = { ...siteKey, year } as const;
const monthKey = z.coerce.number().int().min(1).max(12).optional();
const truth = z.enum(['true', 'false']).optional();

/** What the rules say of an institution: the shapes of the command line, each figure with the rows it used. */
export function institutionRulesRoutes(app: App, { service }: ApiContext): void {
  const siteOf = async (wanted: string | undefined): Promise<string> => (await registryOf(service, wanted)).site.id;

  app.get(
    '/institutions/:id/indicators',
    {
      schema: {
        summary: 'Indicators per area and person, with coal equivalent, carbon and the rows used',
        tags,
        params,
        querystring: z.strictObject({
          ...yearKeys,
          month: monthKey.describe('the last that has ended where it is left out'),
          period: z.enum(INDICATOR_PERIODS).optional().describe('all where it is left out'),
        }),
        response: { 200: indicatorsAnswerSchema, ...problems },
      },
    },
    async ({ params: { id }, query }) =>
      service.rules.indicators({
        site: await siteOf(query.site),
        institution: id,
        year: query.year,
        month: query.month,
        periods: query.period && [query.period],
      }),
  );

  app.get(
    '/institutions/:id/judgement',
    {
      schema: {
        summary: 'Verdicts by quota standards with their standing, and what must be known first',
        tags,
        params,
        querystring: z.strictObject({
          ...yearKeys,
          rollingTo: monthKey.describe('the twelve months that end with this month instead'),
          packs: z.string().max(200).optional().describe('rule packs, comma between; those of its region by default'),
        }),
        response: { 200: judgeAnswerSchema, ...problems },
      },
    },
    async ({ params: { id }, query }) =>
      service.rules.judge({
        site: await siteOf(query.site),
        institution: id,
        year: query.year,
        rollingTo: query.rollingTo,
        packs: query.packs?.split(',').map((pack) => pack.trim()),
      }),
  );

  app.get(
    '/institutions/:id/targets',
    {
      schema: {
        summary: 'Targets of dual control: path, progress, forecast with interval, barometer',
        tags,
        params,
        querystring: z.strictObject(yearKeys),
        response: { 200: targetsAnswerSchema, ...problems },
      },
    },
    async ({ params: { id }, query }) =>
      service.rules.targets({ site: await siteOf(query.site), institution: id, year: query.year }),
  );

  app.get(
    '/institutions/:id/costs',
    {
      schema: {
        summary: 'Costs by carrier and month, with a check of the unit price',
        tags,
        params,
        querystring: z.strictObject(yearKeys),
        response: { 200: costsAnswerSchema, ...problems },
      },
    },
    async ({ params: { id }, query }) =>
      service.rules.costs({ site: await siteOf(query.site), institution: id, year: query.year }),
  );
}

export function catalogueRoutes(app: App, { service }: ApiContext): void {
  app.get(
    '/factors',
    {
      schema: {
        summary: 'Rows of the catalogue with source and confidence',
        tags,
        querystring: z.strictObject({
          kind: z.string().max(40).optional(),
          carrier: z.string().max(40).optional(),
          region: z.string().max(40).optional(),
          year: year.optional(),
          set: z.string().max(80).optional(),
          text: z.string().max(200).optional(),
          verified: truth,
          limit: z.coerce.number().int().min(1).max(2_000).default(200),
        }),
        response: { 200: factorsAnswerSchema, ...problems },
      },
    },
    async ({ query: { verified, ...query } }) =>
      service.rules.factors({ ...query, verified: verified === undefined ? undefined : verified === 'true' }),
  );

  app.get(
    '/convert',
    {
      schema: {
        summary: 'A quantity as coal equivalent in both calibers and as carbon, every factor with its source',
        tags,
        querystring: z.strictObject({
          carrier: z.string().max(40),
          quantity: z.string().max(40),
          unit: z.string().max(20),
          year,
          region: z.string().max(20).default('000000'),
        }),
        response: { 200: convertAnswerSchema, ...problems },
      },
    },
    async ({ query }) => service.rules.convert(query),
  );

  app.get(
    '/factors/confirmations',
    {
      schema: {
        summary: 'Who confirmed which row of the catalogue, and whether the row is still that one',
        tags,
        querystring: noQuery,
        response: { 200: listOf(confirmationSchema), ...problems },
      },
    },
    async () => ({ items: await service.rules.confirmations() }),
  );

  app.get(
    '/factors/moves',
    {
      schema: {
        summary: 'What changed factors do: closed months stand as they were, open figures that moved are listed',
        tags,
        querystring: z.strictObject(siteKey),
        response: { 200: factorMovesSchema, ...problems },
      },
    },
    async ({ query }) => service.rules.factorMoves((await registryOf(service, query.site)).site.id),
  );

  app.post(
    '/factors/confirmations',
    {
      schema: {
        summary: 'A named person says that a row of the catalogue agrees with the official text',
        tags,
        querystring: noQuery,
        body: z.strictObject({
          row: z.string().min(3).max(200).describe('<file>/<row>'),
          by: claimKeys.by,
          text: kept(z.string().min(1).max(500)).describe('the text that was read: number, clause, page'),
        }),
        response: { 201: confirmationSchema, ...problems },
      },
    },
    async ({ body: { row, by, text } }, reply) =>
      reply.code(201).send({ ...(await service.rules.confirmRow(row, { by, text })) }),
  );
}
