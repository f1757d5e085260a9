import type { CatalogueRow } from '../contract.ts';

/** What a verdict may be used for, best first. `for-reference` is shown and never counted. */
export const STANDINGS = ['official', 'single-source', 'for-reference'] as const;
export type Standing = (typeof STANDINGS)[number];

/**
 * Of one row. A needs its text seen (`verified`); B rests on one source until a named person confirms it; C and D are
 * for reference, and even confirmed rest on that one person's word: they never make an official verdict.
 */
export function standingOf({ confidence, verified }: Pick<CatalogueRow, 'confidence' | 'verified'>): Standing {
  if (confidence === 'A') return verified ? 'official' : 'for-reference';
  if (confidence === 'B') return verified ? 'official' : 'single-source';
  return verified ? 'single-source' : 'for-reference';
}

/** A chain is as good as its weakest link. */
export const weakest = (standings: readonly Standing[]): Standing =>
  standings.reduce<Standing>(
    (worst, next) => (STANDINGS.indexOf(next) > STANDINGS.indexOf(worst) ? next : worst),
    'official',
  );
