import { type Kysely, sql } from 'kysely';

/** One row, once there is a registry: how often any of them has changed. A commit holds it still instead of a row for each site. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table registry_edition (id boolean primary key default true check (id), number int8 not null)`.execute(
    db,
  );
  await sql`insert into registry_edition (number) select 1 where exists (select from site)`.execute(db);
}
