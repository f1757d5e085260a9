import type { Kysely } from 'kysely';
import { invariantError } from '#domain';
import type { Clock } from '#platform';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { RulesService } from '../service-rules.ts';

export interface RulesOptions {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly siteOf: (id: string) => Promise<DirectorySite>;
}

const notYet = (): Promise<never> => Promise.reject(invariantError('NOT_YET', 'this answer is not built yet'));

/** What the rules say about a site of the books (service-rules.ts). */
export const openRules = (_options: RulesOptions): RulesService => ({
  facts: notYet,
  applyFacts: notYet,
  quantities: notYet,
  importQuantities: notYet,
  quantityTemplate: notYet,
  indicators: notYet,
  judge: notYet,
  targets: notYet,
  costs: notYet,
  convert: notYet,
  factors: notYet,
  confirmations: notYet,
  confirmRow: notYet,
  factorMoves: notYet,
});
