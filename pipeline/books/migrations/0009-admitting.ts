import { type Kysely, sql } from 'kysely';

/** What workers need of a site's registry, made once per version of it, so that one that starts need not read the registry. Derived: rows may be deleted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table admitting_site (
      site text primary key references site, format int4 not null, version int4 not null, content text not null)`.execute(
    db,
  );
}
