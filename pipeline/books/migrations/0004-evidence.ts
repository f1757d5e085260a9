import { type Kysely, sql } from 'kysely';

/** Where outdoor temperatures come from and what replaced which; documents behind quantities entered by hand. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // hours of the day with a value, of how many; null: a mean that was given for the whole day
  `alter table temperature_day add column source text, add column hours int2, add column of_hours int2, add column file_name text,
     add column file_sha256 text, add column file_row int4`,
  `create table temperature_replaced (
     id int4 generated always as identity primary key, site text not null references site, series text not null, day int4 not null,
     millidegrees int4 not null, by_name text not null, recorded_at int8 not null, source text, hours int2, of_hours int2, file_name text,
     file_sha256 text, file_row int4, replaced_by text not null, reason text not null, replaced_at int8 not null)`,
  `create table document (
     site text not null references site, sha256 text not null, name text not null, bytes int4 not null, content bytea not null,
     by_name text not null, recorded_at int8 not null, primary key (site, sha256))`,
];
