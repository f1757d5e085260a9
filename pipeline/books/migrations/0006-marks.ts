import { type Kysely, sql } from 'kysely';

/**
 * What a commit of a worker leaves to be computed again, as one row: per packed row the registers whose brackets changed
 * (bit 0: the part's first ordinal) from an instant on. The settler turns them into rows of `dirty`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const COLUMNS = ['device_keys', 'parts', 'registers', 'from_at'];

const STATEMENTS = [
  `create table mark_batch (
     id int8 generated always as identity primary key, device_keys int4[] not null, parts int2[] not null, registers int2[] not null,
     from_at int8[] not null)`,
  // lives for a second: compression would only cost time
  ...COLUMNS.map((column) => `alter table mark_batch alter column ${column} set storage external`),
];
