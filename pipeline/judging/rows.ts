import type { CatalogueRow } from '../../rules/contract.ts';
import type { RowUsed } from '../answers-rules.ts';
import { sourceAnswer } from './catalogue-answers.ts';

export { rowUsedOf as usedFactor } from './catalogue-answers.ts';

/** A row that is no single factor, as answers name it. */
export const usedRow = (row: CatalogueRow, unit: string, value: number | null = null): RowUsed => ({
  id: row.id,
  value,
  unit,
  region: row.region,
  source: sourceAnswer(row.source),
  confidence: row.confidence,
  verified: row.verified,
  ...(row.note !== undefined && { note: row.note }),
});

export const eachOnce = (rows: readonly RowUsed[]): RowUsed[] => [
  ...new Map(rows.map((row) => [row.id, row])).values(),
];
