import { type Kysely, sql } from 'kysely';

/** The intake of gateways: keys (only their hashes), whose a spool is, and what each gateway said of itself last. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table intake_key (
     id text primary key, hash text not null, site text not null references site, by_name text not null, created_at int8 not null,
     revoked_at int8)`,
  `create table intake_source (src text primary key, site text not null references site, first_at int8 not null)`,
  `create table gateway (
     key text primary key references intake_key, src text not null, reported_at int8 not null, report jsonb not null)`,
];
