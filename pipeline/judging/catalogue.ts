import type { Kysely } from 'kysely';
import { DAY, formatDay, requestError } from '#domain';
import { type Catalogue, type CatalogueEntry, confirmCatalogue, loadCatalogue } from '../../rules/catalogue/index.ts';
import { type RateTables, rateTables } from '../../rules/conversion/index.ts';
import type { ConfirmationAnswer } from '../answers-facts.ts';
import type { Tables } from '../books/tables.ts';
import { hashOfRow } from './catalogue-answers.ts';

/** The catalogue with the confirmations of the books, and what follows from it once. */
export interface RulesInForce {
  readonly catalogue: Catalogue;
  readonly tables: RateTables;
  /** SHA-256 of a row's content without anybody's word on it: what a close keeps. */
  readonly hashOf: (row: string) => string | undefined;
}

export interface Rulebook {
  readonly inForce: () => Promise<RulesInForce>;
  readonly confirmations: () => Promise<readonly ConfirmationAnswer[]>;
  readonly confirmRow: (
    row: string,
    word: { readonly by: string; readonly text: string },
  ) => Promise<ConfirmationAnswer>;
}

type Db = Kysely<Tables>;

/** Keeps every row as it is now, so that a later change can say what moved. Rows that are there already are left alone. */
async function noteRows(db: Db, rows: readonly CatalogueEntry[], at: number): Promise<void> {
  const known = await db.selectFrom('catalogue_seen').select(['row_id', 'hash']).execute();
  const seen = new Set(known.map((row) => `${row.row_id}@${row.hash}`));
  const fresh = rows
    .map((row) => ({ row_id: row.id, hash: hashOfRow(row), content: JSON.stringify(row), first_seen: at }))
    .filter((row) => !seen.has(`${row.row_id}@${row.hash}`));
  if (fresh.length === 0) return;
  const insert = db.insertInto('catalogue_seen').values(fresh);
  await insert.onConflict((conflict) => conflict.columns(['row_id', 'hash']).doNothing()).execute();
}

/** Data files are read once a process; confirmations whenever the books have a new one. `directory`: another folder of rules than ours. */
export function openRulebook(db: Db, now: () => number, directory?: string): Rulebook {
  let files: { readonly plain: Catalogue; readonly hashes: ReadonlyMap<string, string> } | undefined;
  let known: { readonly upTo: number; readonly rules: RulesInForce } | undefined;
  const plain = () => {
    if (files) return files;
    const catalogue = loadCatalogue(directory);
    files = { plain: catalogue, hashes: new Map(catalogue.rows.map((row) => [row.id, hashOfRow(row)])) };
    return files;
  };
  const stored = async (): Promise<readonly (ConfirmationAnswer & { readonly id: number })[]> => {
    const { hashes } = plain();
    const rows = await db.selectFrom('row_confirmation').selectAll().orderBy('id').execute();
    return rows.map((row) => ({
      id: row.id,
      row: row.row_id,
      hash: row.hash,
      by: row.by_name,
      at: formatDay(Math.floor(row.at / DAY)),
      text: row.text,
      stands: hashes.get(row.row_id) === row.hash,
    }));
  };
  return {
    inForce: async () => {
      const newest = await db
        .selectFrom('row_confirmation')
        .select(({ fn }) => fn.max('id').as('id'))
        .executeTakeFirst();
      const upTo = newest?.id ?? 0;
      if (known?.upTo === upTo) return known.rules;
      const words = (await stored()).filter((word) => word.stands);
      const catalogue =
        words.length === 0
          ? plain().plain
          : confirmCatalogue(
              plain().plain,
              words.map(({ row, by, at, text }) => ({ row, by, at, text })),
            );
      const { plain: read, hashes } = plain();
      if (known === undefined) await noteRows(db, read.rows, now());
      const rules = { catalogue, tables: rateTables(catalogue), hashOf: (row: string) => hashes.get(row) };
      known = { upTo, rules };
      return rules;
    },
    confirmations: async () => (await stored()).map(({ id: _, ...word }) => word),
    confirmRow: async (row, { by, text }) => {
      const hash = plain().hashes.get(row);
      if (hash === undefined)
        throw requestError('ROW_UNKNOWN', `the catalogue has no row "${row}"`, {
          place: row,
          cure: 'name a row as `civicmeter factors` shows it, <file>/<row>',
        });
      if (!by.trim() || !text.trim())
        throw requestError('CLAIM_NEEDED', 'a confirmation needs a name and the text that was read', {
          place: row,
          cure: 'say who (--by) and which text, with its edition and page (--text)',
        });
      const at = now();
      await db.insertInto('row_confirmation').values({ row_id: row, hash, by_name: by, text, at }).execute();
      return { row, hash, by, at: formatDay(Math.floor(at / DAY)), text, stands: true };
    },
  };
}
