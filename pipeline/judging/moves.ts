import { formatMonth, type SiteFacts } from '#domain';
import type { Kysely } from 'kysely';
import { catalogueOf, type CatalogueEntry } from '../../rules/catalogue/index.ts';
import { rateTables } from '../../rules/conversion/index.ts';
import type { FactorMoves } from '../answers-rules.ts';
import type { Tables } from '../books/tables.ts';
import { institutionBook } from '../facts/period.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import { lastCloses } from '../rollup/close.ts';
import type { RulesInForce } from './catalogue.ts';
import { totalsOf } from './figures.ts';

type Db = Kysely<Tables>;

/**
 * What a changed catalogue does to a site: closed figures stand, by the hashes that their close kept; open figures are computed with the rows as
 * they last were and as they are. `span`: the months looked at.
 */
export async function factorMoves(
  db: Db,
  site: DirectorySite,
  facts: SiteFacts,
  rules: RulesInForce,
  span: { readonly from: number; readonly to: number },
): Promise<FactorMoves> {
  const id = site.registry.site.id;
  const seen = await db.selectFrom('catalogue_seen').select(['row_id', 'hash', 'content', 'first_seen']).execute();
  const before = new Map<string, { readonly hash: string; readonly content: CatalogueEntry; readonly at: number }>();
  for (const { row_id, hash, content, first_seen } of seen) {
    const last = before.get(row_id);
    if (rules.hashOf(row_id) === hash || (last && last.at >= first_seen)) continue;
    // written by noteRows only, from rows of a loaded catalogue
    before.set(row_id, { hash, content: content as CatalogueEntry, at: first_seen });
  }
  const changed = [...before].map(([row, { hash }]) => ({ row, old: hash, new: rules.hashOf(row) ?? null }));
  const closes = await lastCloses(db, id);
  const closed = closes.flatMap(({ month, version, factors }) => {
    const rows = factors.filter((text) => {
      const [row = '', hash = ''] = text.split('@');
      return rules.hashOf(row) !== hash;
    });
    return rows.length === 0 ? [] : [{ month: formatMonth(month), version, rows: [...rows] }];
  });
  if (before.size === 0) return { site: id, changed: [], closed, open: [] };
  const olds = new Map([...before].map(([row, { content }]) => [row, content]));
  const kept = rules.catalogue.rows.map((row) => olds.get(row.id) ?? row);
  const gone = [...olds].flatMap(([row, content]) => (rules.catalogue.byId.has(row) ? [] : [content]));
  const old = rateTables(catalogueOf([...kept, ...gone]));
  const shut = new Set(closes.map(({ month }) => month));
  const open: FactorMoves['open'] = [];
  for (const { id: institution } of site.registry.institutions) {
    const book = await institutionBook(db, site, facts, institution, span);
    for (let month = span.from; month < span.to; month++) {
      if (shut.has(month)) continue;
      const period = book.period({ from: month, to: month + 1 }).facts;
      if (period.quantities.length === 0) continue;
      const [was, is] = [totalsOf(period, old), totalsOf(period, rules.tables)];
      for (const measure of ['kgce', 'kgCO2'] as const) {
        if (was[measure] === is[measure]) continue;
        open.push({ month: formatMonth(month), institution, measure, old: was[measure], new: is[measure] });
      }
    }
  }
  return { site: id, changed, closed, open };
}
