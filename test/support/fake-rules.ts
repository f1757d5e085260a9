import { invariantError } from '../../pipeline/domain/index.ts';
import type { RulesService } from '../../pipeline/index.ts';

const notFaked = (): Promise<never> => Promise.reject(invariantError('NOT_FAKED', 'the fake does not answer this'));

/** Answers nothing but what a test gives it. */
export const fakeRules = (given: Partial<RulesService> = {}): RulesService => ({
  facts: async () => undefined,
  applyFacts: notFaked,
  quantities: async () => [],
  importQuantities: notFaked,
  quantityTemplate: notFaked,
  indicators: notFaked,
  judge: notFaked,
  targets: notFaked,
  costs: notFaked,
  convert: notFaked,
  factors: async () => ({ rows: [], total: 0 }),
  confirmations: async () => [],
  confirmRow: notFaked,
  factorMoves: notFaked,
  ...given,
});
