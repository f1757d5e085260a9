import { type Kysely, sql } from 'kysely';

/** What judging needs beside metering: facts by version, quantities by hand, the catalogue's rows as they were used, confirmations. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table facts_version (
     site text not null references site, version int4 not null, at int8 not null, by_name text not null, reason text not null,
     hash text not null, content jsonb not null, primary key (site, version))`,
  // superseded_by names a later row, so it is no foreign key: a restore fills the table from the front
  `create table quantity (
     id int4 generated always as identity primary key, site text not null, institution text not null, month int4 not null, kind text not null,
     use text not null, amount int8 not null check (amount >= 0), entered text not null, unit text not null, cost_fen int8 check (cost_fen >= 0),
     document_name text, document_sha256 text, note text, file_name text, file_sha256 text, file_row int4, by_name text not null, reason text,
     recorded_at int8 not null, superseded_by int4, foreign key (site, institution) references institution)`,
  `create unique index quantity_in_force on quantity (site, institution, month, kind, use) where superseded_by is null`,
  `create table temperature_day (
     site text not null references site, series text not null, day int4 not null, millidegrees int4 not null, by_name text not null,
     recorded_at int8 not null, primary key (site, series, day))`,
  `create table catalogue_seen (
     row_id text not null, hash text not null, content jsonb not null, first_seen int8 not null, primary key (row_id, hash))`,
  `create table row_confirmation (
     id int4 generated always as identity primary key, row_id text not null, hash text not null, by_name text not null, text text not null,
     at int8 not null)`,
  `create index row_confirmation_row on row_confirmation (row_id)`,
];
