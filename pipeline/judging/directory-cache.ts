import type { Kysely } from 'kysely';
import type { Tables } from '../books/tables.ts';
import type { DirectorySite } from '../ledger/directory.ts';

type SiteOf = (id: string) => Promise<DirectorySite>;

/**
 * The directory of a site as long as its registry has no new version (events raise it too): one query in place of a dozen. The version is read first,
 * so a change during the read is seen by the next question.
 */
export function cachedDirectory(db: Kysely<Tables>, siteOf: SiteOf): SiteOf {
  const known = new Map<string, { readonly stamp: number; readonly site: DirectorySite }>();
  return async (id) => {
    const row = await db.selectFrom('site').select('registry_version').where('id', '=', id).executeTakeFirst();
    const stamp = row?.registry_version;
    const held = known.get(id);
    if (held && held.stamp === stamp) return held.site;
    const site = await siteOf(id);
    if (stamp !== undefined) known.set(id, { stamp, site });
    return site;
  };
}
