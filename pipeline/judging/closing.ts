import type { Transaction } from 'kysely';
import type { SiteFacts } from '#domain';
import { isSilent } from '../../rules/evidence.ts';
import type { Tables } from '../books/tables.ts';
import { institutionBook } from '../facts/period.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { ClosedFigure, ClosedJudgement } from '../rollup/close.ts';
import type { RulesInForce } from './catalogue.ts';
import { totalsOf } from './figures.ts';

/** Coal equivalent and carbon of each institution's month, and the rows they rest on by id and content. */
export async function closingFigures(
  tx: Transaction<Tables>,
  site: DirectorySite,
  facts: SiteFacts,
  rules: RulesInForce,
  month: number,
): Promise<ClosedJudgement> {
  const figures: ClosedFigure[] = [];
  const rows = new Set<string>();
  for (const { id } of site.registry.institutions) {
    const book = await institutionBook(tx, site, facts, id, { from: month, to: month + 1 });
    const period = book.period({ from: month, to: month + 1 }).facts;
    if (period.quantities.every(isSilent)) continue;
    const totals = totalsOf(period, rules.tables);
    figures.push({ institution: id, kgce: totals.kgce, kgCO2: totals.kgCO2 });
    for (const row of totals.rows) rows.add(row.id);
  }
  return { figures, factors: [...rows].toSorted().map((row) => `${row}@${rules.hashOf(row) ?? ''}`) };
}
