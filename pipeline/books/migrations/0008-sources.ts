import { type Kysely, sql } from 'kysely';

/**
 * The sequence numbers that a commit of a worker has seen, as one row: how many of each src, and all of them as float64, little endian. They are
 * folded into `log_source` later, for all partitions together, where they are few ranges.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table source_batch (
     id int8 generated always as identity primary key, log text not null, partition int4 not null, srcs text[] not null, counts int4[] not null,
     seqs bytea not null)`,
  `alter table source_batch alter column seqs set storage external`,
  `create index log_source_src on log_source (log, src)`,
];
