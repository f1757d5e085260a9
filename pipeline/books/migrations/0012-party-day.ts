import { type Kysely, sql } from 'kysely';

/** What a party bears on a local day of all points that count, of one carrier (rollup/party-days.ts). `plain`: all of it measured; null: to be added up again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table party_day (
      site text not null, party text not null, carrier text not null, day int4 not null, amount int8 not null, plain bool,
      primary key (site, party, carrier, day))`.execute(db);
  await sql`create index party_day_open on party_day (site) where plain is null`.execute(db);
  await sql`
    insert into party_day (site, party, carrier, day, amount, plain)
    select a.site, a.party, p.carrier, a.day, sum(a.amount),
      bool_and(u.amount is null or u.amount = 0 or (u.measured = u.amount and u.interpolated = 0 and u.manual = 0 and u.disputed = 0))
    from allocation_day a join point p on p.site = a.site and p.id = a.point and p.role in ('main', 'export', 'generation')
      left join usage_day u on u.site = a.site and u.point = a.point and u.day = a.day
    group by a.site, a.party, p.carrier, a.day`.execute(db);
}
