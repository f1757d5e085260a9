import { type Kysely, sql } from 'kysely';

/**
 * The version of a site's registry whose meters alone have totals: only where it is another one than now can there be totals of meters that are no more. Meters that events made
 * are computed anew once: a settler that still knew the registry of before may have dropped their days.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table site add column settled_version int4 not null default 0`.execute(db);
  await sql`
    insert into dirty (site, device, register, from_at)
    select distinct m.site, m.device, m.register, 0::int8 from meter_event e join mounting m on m.site = e.site and m.point = e.body ->> 'point'
    where e.state = 'active' and e.kind in ('replacement', 'multiplier')
    on conflict (site, device, register) do update set from_at = 0, marks = dirty.marks + 1`.execute(db);
}
