import { type Kysely, sql } from 'kysely';

/** The version of a site's registry whose meters alone have totals: only where it is another one than now can there be totals of meters that are no more. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table site add column settled_version int4 not null default 0`.execute(db);
}
