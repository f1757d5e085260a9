import { type Kysely, sql } from 'kysely';
import type { Tables } from '../books/tables.ts';
import { type DirectorySite, loadSiteOf } from './directory.ts';

/** Registers of sites that are kept, some 1 kB each. */
const KEPT_REGISTERS = 200_000;

export interface SiteKeeper {
  /** A site as its registry is now, with the events that make it so; one that only waits for its second person may be missing. Throws SITE_UNKNOWN. */
  readonly siteOf: (id: string) => Promise<DirectorySite>;
  /**
   * What is asked about a site as its registry is now. Of one that is kept it is asked again where the registry turns out to have changed: it must not change anything.
   * Throws SITE_UNKNOWN.
   */
  readonly asking: <T>(id: string, ask: (site: DirectorySite) => Promise<Asked<T>>) => Promise<T>;
}

export interface Asked<T> {
  readonly answer: T;
  /** Of the registry, as it was seen on the way; undefined: it is looked up. */
  readonly registryVersion?: number | undefined;
}

/**
 * Sites are kept as long as the registry has no new version (active events raise it too): one query in place of a dozen. Those that were asked for longest ago are
 * let go where all together have more than `most` registers.
 */
export function siteKeeper(db: Kysely<Tables>, most = KEPT_REGISTERS): SiteKeeper {
  const known = new Map<string, DirectorySite>();
  let held = 0;
  const forget = (id: string): void => {
    held -= known.get(id)?.registers.size ?? 0;
    known.delete(id);
  };
  const keep = (id: string, site: DirectorySite): DirectorySite => {
    forget(id);
    known.set(id, site);
    held += site.registers.size;
    for (const oldest of known.keys()) {
      if (held <= most || oldest === id) break;
      forget(oldest);
    }
    return site;
  };
  const versionOf = async (id: string): Promise<number | undefined> => {
    const { rows } = await sql<{
      version: number;
    }>`/* site-version */ select registry_version as version from site where id = ${id}`.execute(db);
    return rows[0]?.version;
  };
  /** In one snapshot: its parts are those of one version. */
  const load = async (id: string): Promise<DirectorySite> => {
    const snapshot = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
    return keep(id, await snapshot.execute(async (tx) => loadSiteOf(tx, id)));
  };
  const siteOf = async (id: string): Promise<DirectorySite> => {
    const version = await versionOf(id);
    const site = known.get(id);
    return site && site.version === version ? keep(id, site) : load(id);
  };
  return {
    siteOf,
    asking: async (id, ask) => {
      const site = known.get(id);
      if (!site) return (await ask(await load(id))).answer;
      const [asked] = await Promise.allSettled([ask(site)]);
      const seen = asked.status === 'fulfilled' ? asked.value.registryVersion : undefined;
      if ((seen ?? (await versionOf(id))) !== site.version) return (await ask(await load(id))).answer;
      keep(id, site);
      if (asked.status === 'rejected') throw asked.reason;
      return asked.value.answer;
    },
  };
}
