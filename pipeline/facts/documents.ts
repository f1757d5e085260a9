import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { formatInstant, requestError, type Zone, zoneOf } from '#domain';
import type { DocumentAnswer } from '../answers-facts.ts';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';

type Db = Kysely<Tables>;

/** Of one document: a scan of some pages. */
export const MAX_DOCUMENT_BYTES = 20 * 1024 * 1024;

export interface DocumentFile {
  /** Without folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** SHA-256 of a document that may be kept. Throws DOCUMENT_REFUSED. */
export function documentHash({ name, bytes }: DocumentFile): string {
  const wrong =
    bytes.length === 0
      ? 'is empty'
      : bytes.length > MAX_DOCUMENT_BYTES
        ? `has ${bytes.length} bytes, more than ${MAX_DOCUMENT_BYTES}`
        : name.trim() === '' || /[/\\\p{Cc}]/u.test(name) || name.length > 200
          ? 'has no name that a file can have'
          : undefined;
  if (wrong !== undefined)
    throw requestError('DOCUMENT_REFUSED', `the document ${wrong}`, {
      place: name,
      cure: 'give a file of at most 20 MB with a plain name',
    });
  return createHash('sha256').update(bytes).digest('hex');
}

/** Keeps the bytes by their SHA-256; the same document again is the one that is there. Throws CLAIM_NEEDED, DOCUMENT_REFUSED. */
export async function keepDocument(
  db: Db,
  { registry }: DirectorySite,
  document: DocumentFile,
  by: string,
  now: number,
): Promise<DocumentAnswer> {
  const sha256 = documentHash(document);
  if (!by.trim())
    throw requestError('CLAIM_NEEDED', 'a document needs a name of who gives it', {
      place: document.name,
      cure: 'say who (--by)',
    });
  const site = registry.site.id;
  await db
    .insertInto('document')
    .values({
      site,
      sha256,
      name: document.name,
      bytes: document.bytes.length,
      content: Buffer.from(document.bytes),
      by_name: by,
      recorded_at: now,
    })
    .onConflict((conflict) => conflict.columns(['site', 'sha256']).doNothing())
    .execute();
  const [kept] = await documentRows(db, site, [sha256]);
  if (!kept) throw unknown(sha256);
  return answerOf(kept, zoneOf(registry.site.zone));
}

const unknown = (sha256: string): Error =>
  requestError('DOCUMENT_UNKNOWN', `the books have no document ${sha256}`, {
    place: sha256,
    cure: 'name a SHA-256 as `civicmeter quantities` shows it, or hand the document in first',
  });

/** Throws DOCUMENT_UNKNOWN for one that the books do not have. */
export async function requireDocuments(db: Db, site: string, hashes: readonly string[]): Promise<void> {
  const known = new Set((await documentRows(db, site, hashes)).map(({ sha256 }) => sha256));
  for (const sha256 of hashes) if (!known.has(sha256)) throw unknown(sha256);
}

/** A document as it was handed in, byte for byte. Throws DOCUMENT_UNKNOWN, DOCUMENT_DAMAGED. */
export async function documentContent(
  db: Db,
  { registry }: DirectorySite,
  sha256: string,
): Promise<{ readonly document: DocumentAnswer; readonly content: Uint8Array }> {
  const row = await db
    .selectFrom('document')
    .selectAll()
    .where('site', '=', registry.site.id)
    .where('sha256', '=', sha256)
    .executeTakeFirst();
  if (!row) throw unknown(sha256);
  if (createHash('sha256').update(row.content).digest('hex') !== sha256)
    throw requestError('DOCUMENT_DAMAGED', 'the bytes in the books are not those that were handed in', {
      place: sha256,
      cure: 'restore a backup, or hand the document in again',
    });
  return { document: answerOf(row, zoneOf(registry.site.zone)), content: row.content };
}

interface DocumentRow {
  readonly sha256: string;
  readonly name: string;
  readonly bytes: number;
  readonly by_name: string;
  readonly recorded_at: number;
}

const documentRows = (db: Db, site: string, hashes: readonly string[]): Promise<readonly DocumentRow[]> =>
  hashes.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('document')
        .select(['sha256', 'name', 'bytes', 'by_name', 'recorded_at'])
        .where('site', '=', site)
        .where('sha256', 'in', [...hashes])
        .execute();

const answerOf = ({ sha256, name, bytes, by_name, recorded_at }: DocumentRow, zone: Zone): DocumentAnswer => ({
  sha256,
  name,
  bytes,
  by: by_name,
  at: formatInstant(recorded_at, zone),
});
