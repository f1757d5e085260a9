import type { Kysely, Transaction } from 'kysely';
import {
  formatInstant,
  formatMonth,
  type QuantityKind,
  type QuantityTable,
  type QuantityUse,
  requestError,
  zoneOf,
} from '#domain';
import type { ImportQuantitiesAnswer, QuantityAnswer, RefusedQuantity } from '../answers-facts.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';
import type { ImportQuantitiesOptions, QuantitiesQuery } from '../service-rules.ts';
import { requireDocuments } from './documents.ts';
import { type ReadQuantity, readDraft } from './draft.ts';

type Db = Kysely<Tables>;

/** A quantity in force, as rules use it. */
export interface HeldQuantity {
  readonly id: number;
  readonly institution: string;
  readonly month: number;
  readonly kind: QuantityKind;
  readonly use: QuantityUse;
  readonly amount: number;
  readonly costFen: number | null;
  readonly document: string | null;
}

/** Quantities in force of months `from` ≤ month < `to`. */
export async function heldQuantities(
  db: Db,
  site: string,
  institution: string | undefined,
  from: number,
  to: number,
): Promise<readonly HeldQuantity[]> {
  let query = db
    .selectFrom('quantity')
    .select(['id', 'institution', 'month', 'kind', 'use', 'amount', 'cost_fen', 'document_name'])
    .where('site', '=', site)
    .where('month', '>=', from)
    .where('month', '<', to)
    .where('superseded_by', 'is', null);
  if (institution !== undefined) query = query.where('institution', '=', institution);
  const rows = await query.orderBy('institution').orderBy('month').orderBy('id').execute();
  return rows.map((row) => ({
    id: row.id,
    institution: row.institution,
    month: row.month,
    kind: row.kind as QuantityKind, // written by importQuantities only, which read it
    use: row.use as QuantityUse, // likewise
    amount: row.amount,
    costFen: row.cost_fen,
    document: row.document_name,
  }));
}

export async function listQuantities(
  db: Db,
  site: DirectorySite,
  query: QuantitiesQuery,
): Promise<readonly QuantityAnswer[]> {
  let rows = db.selectFrom('quantity').selectAll().where('site', '=', query.site);
  if (query.institution !== undefined) rows = rows.where('institution', '=', query.institution);
  if (query.from !== undefined) rows = rows.where('month', '>=', query.from);
  if (query.to !== undefined) rows = rows.where('month', '<=', query.to);
  if (query.superseded !== true) rows = rows.where('superseded_by', 'is', null);
  const zone = zoneOf(site.registry.site.zone);
  return (await rows.orderBy('month').orderBy('institution').orderBy('id').execute()).map((row) => ({
    id: row.id,
    site: row.site,
    institution: row.institution,
    month: formatMonth(row.month),
    kind: row.kind as QuantityKind, // written by importQuantities only, which read it
    use: row.use as QuantityUse, // likewise
    amount: row.amount,
    quantity: row.entered,
    unit: row.unit,
    costFen: row.cost_fen,
    document: row.document_name === null ? null : { name: row.document_name, sha256: row.document_sha256 },
    note: row.note,
    file:
      row.file_name === null || row.file_sha256 === null || row.file_row === null
        ? null
        : { name: row.file_name, sha256: row.file_sha256, row: row.file_row },
    by: row.by_name,
    reason: row.reason,
    at: formatInstant(row.recorded_at, zone),
    supersededBy: row.superseded_by,
  }));
}

/** Takes what can be taken, names what cannot; what stands already is left alone. Throws CLAIM_NEEDED for a replacement without a reason. */
export async function importQuantities(
  db: Db,
  site: DirectorySite,
  table: QuantityTable,
  options: ImportQuantitiesOptions,
  now: number,
): Promise<ImportQuantitiesAnswer> {
  const id = site.registry.site.id;
  if (!options.by.trim() || (options.replace && !options.reason?.trim()))
    throw requestError('CLAIM_NEEDED', 'a name is needed, and a reason where figures are replaced', {
      place: table.name,
      cure: 'say who (--by) and why (--reason)',
    });
  const documents = options.documents ?? {};
  if (options.commit) await requireDocuments(db, id, Object.values(documents));
  refuseUnnamed(table, documents);
  const drafts = table.drafts.map((draft) => readDraft(draft, site.registry, now));
  const read = drafts.flatMap((one) => (one.ok ? [withDocument(one.value, documents)] : []));
  const { once, twice } = withoutTwins(read);
  const refused = [...drafts.flatMap((one) => (one.ok ? [] : [one.refused])), ...twice];
  return db.transaction().execute(async (tx) => {
    await tx.selectFrom('site').select('id').where('id', '=', id).forUpdate().execute();
    const held = await heldByKey(tx, id, once);
    const counts = { added: 0, unchanged: 0, replaced: 0, attached: 0 };
    for (const row of once) {
      const old = held.get(keyOf(row));
      if (old && same(old, row)) {
        counts.unchanged++;
        if (!bringsDocument(row, old)) continue;
        counts.attached++;
        if (options.commit) await attach(tx, old.id, row);
        continue;
      }
      if (old && options.replace !== true) {
        refused.push(standsAlready(row, old));
        continue;
      }
      counts[old ? 'replaced' : 'added']++;
      if (options.commit) await write(tx, id, table, row, old, options, now);
    }
    return {
      site: id,
      file: table.name,
      rows: table.drafts.length,
      ...counts,
      refused: refused.toSorted((a, b) => a.row - b.row),
      committed: options.commit,
    };
  });
}

/** A row with the SHA-256 of its document, where that was handed in. */
type DocumentedQuantity = ReadQuantity & { readonly sha256: string | null };

type Documents = NonNullable<ImportQuantitiesOptions['documents']>;

function withDocument(row: ReadQuantity, documents: Documents): DocumentedQuantity {
  const names = Object.keys(documents);
  const name = row.document ?? (names.length === 1 ? (names[0] ?? null) : null);
  const sha256 = name !== null && Object.hasOwn(documents, name) ? (documents[name] ?? null) : null;
  return { ...row, document: name, sha256 };
}

/** Throws DOCUMENT_UNNAMED for one among several that no row names: whose it is, is not known. */
function refuseUnnamed({ name, drafts }: QuantityTable, documents: Documents): void {
  const named = new Set(drafts.map(({ cells }) => (cells.document ?? '').trim()));
  const names = Object.keys(documents);
  const unnamed = names.filter((one) => !named.has(one) && (names.length > 1 || !named.has('')));
  if (unnamed.length === 0) return;
  throw requestError('DOCUMENT_UNNAMED', `no row of ${name} names ${unnamed.join(', ')}`, {
    place: unnamed[0] ?? name,
    cure: 'write the name of the document in the column 凭证 document of its rows',
  });
}

/** A document that is handed in for a row without one, or named for a row that names none. */
const bringsDocument = (row: DocumentedQuantity, old: Standing): boolean =>
  row.sha256 === null ? row.document !== null && old.document === null : old.sha256 === null;

async function attach(tx: Transaction<Tables>, id: number, { document, sha256 }: DocumentedQuantity): Promise<void> {
  await tx
    .updateTable('quantity')
    .set({ document_name: document, document_sha256: sha256 })
    .where('id', '=', id)
    .execute();
}

const keyOf = (row: {
  readonly institution: string;
  readonly month: number;
  readonly kind: string;
  readonly use: string;
}): string => `${row.institution} ${row.month} ${row.kind} ${row.use}`;

/** Of rows for the same institution, month, kind and use in one file none is taken: which one is meant is not known. */
function withoutTwins(rows: readonly DocumentedQuantity[]): {
  readonly once: readonly DocumentedQuantity[];
  readonly twice: readonly RefusedQuantity[];
} {
  const groups = [...Map.groupBy(rows, keyOf).values()];
  return {
    once: groups.flatMap((group) => (group.length === 1 ? group : [])),
    twice: groups
      .filter((group) => group.length > 1)
      .flatMap((group) =>
        group.map((row) => ({
          row: row.row,
          column: 'month' as const,
          text: formatMonth(row.month),
          code: 'MONTH_TWICE',
          reason: {
            zh: `同一机构、种类和用途的 ${formatMonth(row.month)} 在第 ${group.map((g) => g.row).join('、')} 行各写了一次`,
            en: `${formatMonth(row.month)} stands in rows ${group.map((g) => g.row).join(', ')} for the same institution, kind and use`,
          },
          cure: { zh: '请只留一行，或合并成一行', en: 'Keep one row, or add them up in one' },
        })),
      ),
  };
}

interface Standing {
  readonly id: number;
  readonly amount: number;
  readonly entered: string;
  readonly unit: string;
  readonly costFen: number | null;
  readonly document: string | null;
  readonly sha256: string | null;
}

async function heldByKey(
  tx: Transaction<Tables>,
  site: string,
  rows: readonly ReadQuantity[],
): Promise<ReadonlyMap<string, Standing>> {
  if (rows.length === 0) return new Map();
  const held = await tx
    .selectFrom('quantity')
    .select(['id', 'institution', 'month', 'kind', 'use', 'amount', 'entered', 'unit'])
    .select(['cost_fen as costFen', 'document_name as document', 'document_sha256 as sha256'])
    .where('site', '=', site)
    .where('month', 'in', [...new Set(rows.map((r) => r.month))])
    .where('superseded_by', 'is', null)
    .execute();
  return new Map(held.map((h) => [keyOf(h), h]));
}

/** The same amount and cost, in whatever unit. A row without a cost says nothing against one with it. */
const same = (old: Standing, row: ReadQuantity): boolean =>
  old.amount === row.amount && (row.costFen === null || old.costFen === row.costFen);

const standsAlready = (row: ReadQuantity, old: Standing): RefusedQuantity => ({
  row: row.row,
  column: 'quantity',
  text: `${row.entered} ${row.unit}`,
  code: 'MONTH_STANDS',
  reason: {
    zh: `${formatMonth(row.month)} 已经记为 ${old.entered} ${old.unit}`,
    en: `${formatMonth(row.month)} stands as ${old.entered} ${old.unit} already`,
  },
  cure: {
    zh: '要改成新的数，请用 --replace 并写明原因；旧数会保留',
    en: 'To put the new one in its place use --replace with a reason; the old one is kept',
  },
});

async function write(
  tx: Transaction<Tables>,
  site: string,
  table: QuantityTable,
  row: DocumentedQuantity,
  old: Standing | undefined,
  options: ImportQuantitiesOptions,
  now: number,
): Promise<void> {
  // the old row leaves the index of rows in force first; -1 stands until the new one has its number
  if (old) await tx.updateTable('quantity').set({ superseded_by: -1 }).where('id', '=', old.id).execute();
  const { id } = await tx
    .insertInto('quantity')
    .values({
      site,
      institution: row.institution,
      month: row.month,
      kind: row.kind,
      use: row.use,
      amount: row.amount,
      entered: row.entered,
      unit: row.unit,
      cost_fen: row.costFen,
      document_name: row.document,
      document_sha256: row.sha256,
      note: row.note,
      file_name: table.name,
      file_sha256: table.sha256,
      file_row: row.row,
      by_name: options.by,
      reason: options.reason ?? null,
      recorded_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  if (old) await tx.updateTable('quantity').set({ superseded_by: id }).where('id', '=', old.id).execute();
}
