import { existsSync } from 'node:fs';
import { convertAnswer, factorsAnswer } from '../../../pipeline/index.ts';
import type { RulesService } from '../../../pipeline/service-rules.ts';
import { loadCatalogue } from '../../../rules/catalogue/index.ts';
import type { Cli } from '../context.ts';
import { filesOf } from './data-folder.ts';
import { withService } from './service.ts';

type CatalogueRules = Pick<RulesService, 'convert' | 'factors'>;

/** The catalogue with the confirmations of the books where there are any, else the data files alone. */
export async function withCatalogue(cli: Cli, work: (rules: CatalogueRules) => Promise<number>): Promise<number> {
  const books = cli.io.env['CIVICMETER_BOOKS'] !== undefined || existsSync(filesOf(cli.data).postgres);
  if (books) return withService(cli, { log: 'no' }, ({ service }) => work(service.rules));
  const catalogue = loadCatalogue();
  return work({
    convert: async (query) => convertAnswer(query, catalogue),
    factors: async (query) => factorsAnswer(query, catalogue),
  });
}
