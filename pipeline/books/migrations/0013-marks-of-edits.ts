import { type Kysely, sql } from 'kysely';

/** What changes of a registry did not ask to compute again: formulas that were added, first rules of sub-meters, and meters that only their first and last reading tell. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    insert into dirty (site, device, register, from_at)
    select p.site, '', p.id, 0::int8 from point p where p.terms is not null
      or p.parent is not null and exists (select from allocation a where a.site = p.site and a.point = p.id)
    union select m.site, m.device, m.register, 0::int8 from mounting m where m.initial is not null and m.final is not null
    on conflict (site, device, register) do update set from_at = 0, marks = dirty.marks + 1`.execute(db);
}
