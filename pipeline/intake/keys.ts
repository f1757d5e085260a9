import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { oneOf, requestError } from '#domain';
import type { Tables } from '../books/tables.ts';

/** A gateway's key as the books know it: bound to one site, its secret only as a hash. */
export interface IntakeKey {
  readonly id: string;
  readonly site: string;
  readonly by: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

type Db = Kysely<Tables>;

const KEY_PATTERN = /^cmk_([0-9a-f]{8})_([\w-]{43})$/;

/** 256 random bits need no slow hash: nobody can try them out. */
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Makes a key; its text is told once and kept nowhere. Throws SITE_UNKNOWN. */
export async function createKey(
  db: Db,
  { site, by, now }: { readonly site: string; readonly by: string; readonly now: number },
): Promise<{ readonly key: IntakeKey; readonly text: string }> {
  const sites = (await db.selectFrom('site').select('id').orderBy('id').execute()).map(({ id }) => id);
  if (!sites.includes(site)) {
    throw requestError('SITE_UNKNOWN', `there is no site "${site}"`, {
      place: '--site',
      ...(sites.length === 0 ? { cure: 'apply a site file first' } : oneOf(sites)),
    });
  }
  const id = randomBytes(4).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  await db
    .insertInto('intake_key')
    .values({ id, hash: hashOf(secret).toString('hex'), site, by_name: by, created_at: now, revoked_at: null })
    .execute();
  return { key: { id, site, by, createdAt: now, revokedAt: null }, text: `cmk_${id}_${secret}` };
}

export async function listKeys(db: Db): Promise<readonly IntakeKey[]> {
  const rows = await db.selectFrom('intake_key').selectAll().orderBy('created_at').orderBy('id').execute();
  return rows.map((row) => ({
    id: row.id,
    site: row.site,
    by: row.by_name,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  }));
}

/** From now on the key is refused; one that is revoked already keeps its time. Throws KEY_UNKNOWN. */
export async function revokeKey(db: Db, id: string, now: number): Promise<IntakeKey> {
  await sql`update intake_key set revoked_at = ${now} where id = ${id} and revoked_at is null`.execute(db);
  const key = (await listKeys(db)).find((one) => one.id === id);
  if (key) return key;
  throw requestError('KEY_UNKNOWN', `there is no key "${id}"`, {
    place: id,
    cure: 'see the ids with civicmeter keys list',
  });
}

/** Whose key this text is; absent: nobody's, or revoked. */
export async function identifyKey(
  db: Db,
  text: string,
): Promise<{ readonly id: string; readonly site: string } | undefined> {
  const [, id, secret] = KEY_PATTERN.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  const row = await db
    .selectFrom('intake_key')
    .select(['id', 'site', 'hash'])
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  const same = row && timingSafeEqual(Buffer.from(row.hash, 'hex'), hashOf(secret));
  return same ? { id: row.id, site: row.site } : undefined;
}
