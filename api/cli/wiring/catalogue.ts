import { existsSync } from 'node:fs';
import { convertAnswer, decomposeHolders, factorsAnswer } from '../../../pipeline/index.ts';
import type { DecomposeAnswer } from '../../../pipeline/answers-rules.ts';
import type { DecomposeQuery, HolderText, RulesService } from '../../../pipeline/service-rules.ts';
import { loadCatalogue } from '../../../rules/catalogue/index.ts';
import type { Cli } from '../context.ts';
import { filesOf } from './data-folder.ts';
import { withService } from './service.ts';

interface CatalogueRules extends Pick<RulesService, 'convert' | 'factors'> {
  readonly decompose: (
    query: Omit<DecomposeQuery, 'among'>,
    holders: readonly HolderText[],
  ) => Promise<DecomposeAnswer>;
}

/** The catalogue with the confirmations of the books where there are any, else the data files alone. */
export async function withCatalogue(cli: Cli, work: (rules: CatalogueRules) => Promise<number>): Promise<number> {
  const books = cli.io.env['CIVICMETER_BOOKS'] !== undefined || existsSync(filesOf(cli.data).postgres);
  if (books) {
    return withService(cli, { log: 'no' }, ({ service: { rules } }) =>
      work({
        convert: rules.convert,
        factors: rules.factors,
        decompose: (query, holders) => rules.decompose({ ...query, among: { holders } }),
      }),
    );
  }
  const catalogue = loadCatalogue();
  return work({
    convert: async (query) => convertAnswer(query, catalogue),
    factors: async (query) => factorsAnswer(query, catalogue),
    decompose: async (query, holders) => decomposeHolders(query, holders, catalogue),
  });
}
