import { formatMonth, type SiteFacts } from '#domain';
import type { Kysely } from 'kysely';
import { catalogueOf, type CatalogueEntry } from '../../rules/catalogue/index.ts';
import { rateTables } from '../../rules/conversion/index.ts';
import type { FactorMoves } from '../answers-rules.ts';
import { isSilent } from '../../rules/evidence.ts';
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
  const added = addedRows(seen).filter((row) => rules.hashOf(row) !== undefined && !before.has(row));
  const changed = [
    ...[...before].map(([row, { hash }]) => ({ row, old: hash, new: rules.hashOf(row) ?? null })),
    ...added.map((row) => ({ row, old: null, new: rules.hashOf(row) ?? null })),
  ];
  const closes = await lastCloses(db, id);
  const closed = closes.flatMap(({ month, version, factors }) => {
    const rows = factors.filter((text) => {
      const [row = '', hash = ''] = text.split('@');
      return rules.hashOf(row) !== hash;
    });
    return rows.length === 0 ? [] : [{ month: formatMonth(month), version, rows: [...rows] }];
  });
  if (changed.length === 0) return { site: id, changed: [], closed, open: [] };
  const olds = new Map([...before].map(([row, { content }]) => [row, content]));
  const fresh = new Set(added);
  const kept = rules.catalogue.rows.flatMap((row) => (fresh.has(row.id) ? [] : [olds.get(row.id) ?? row]));
  const gone = [...olds].flatMap(([row, content]) => (rules.catalogue.byId.has(row) ? [] : [content]));
  const old = rateTables(catalogueOf([...kept, ...gone]));
  const shut = new Set(closes.map(({ month }) => month));
  const open: FactorMoves['open'] = [];
  for (const { id: institution } of site.registry.institutions) {
    const book = await institutionBook(db, site, facts, institution, span);
    for (let month = span.from; month < span.to; month++) {
      if (shut.has(month)) continue;
      const period = book.period({ from: month, to: month + 1 }).facts;
      if (period.quantities.every(isSilent)) continue;
      const [was, is] = [totalsOf(period, old), totalsOf(period, rules.tables)];
      for (const measure of ['kgce', 'kgCO2'] as const) {
        if (was[measure] === is[measure]) continue;
        open.push({ month: formatMonth(month), institution, measure, old: was[measure], new: is[measure] });
      }
    }
  }
  return { site: id, changed, closed, open };
}

/** Rows that the books first saw after they had seen a catalogue: what was computed before did not know them. */
function addedRows(seen: readonly { readonly row_id: string; readonly first_seen: number }[]): readonly string[] {
  const first = new Map<string, number>();
  for (const { row_id, first_seen } of seen) first.set(row_id, Math.min(first.get(row_id) ?? Infinity, first_seen));
  const begin = Math.min(...first.values());
  return [...first].flatMap(([row, at]) => (at > begin ? [row] : []));
}
