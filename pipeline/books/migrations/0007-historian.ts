import { type Kysely, sql } from 'kysely';

/** Where each historian stands in each log. Derived: deleting a row writes its partition anew from the log. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table historian_offset (
      historian text not null, log text not null, partition int4 not null, next_offset int8 not null,
      primary key (historian, log, partition))`.execute(db);
}
