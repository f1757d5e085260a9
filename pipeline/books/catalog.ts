import type { PoolClient } from 'pg';

/** A table of ours as the database describes it. */
export interface TableInfo {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly primaryKey: readonly string[];
  /** Column that numbers itself, and its sequence. */
  readonly identity: { readonly column: string; readonly sequence: string } | undefined;
}

/** All tables but those of the migrations, each after the tables that it refers to. */
export async function describeTables(client: PoolClient): Promise<readonly TableInfo[]> {
  const { rows } = await client.query<TableInfo & { readonly refers: readonly string[] }>(CATALOG);
  const byName = new Map(rows.map((row) => [row.name, row]));
  const ordered = new Map<string, TableInfo>();
  const visit = (name: string): void => {
    const row = byName.get(name);
    if (!row || ordered.has(name)) return;
    for (const other of row.refers) if (other !== name) visit(other);
    const { refers: _refers, ...table } = row;
    ordered.set(name, { ...table, identity: table.identity ?? undefined });
  };
  for (const { name } of rows) visit(name);
  return [...ordered.values()];
}

const CATALOG = `
  select c.relname as name,
    (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
     from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
    (select json_agg(a.attname order by array_position(i.indkey::int2[], a.attnum))
     from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
     where i.indrelid = c.oid and i.indisprimary) as "primaryKey",
    (select json_build_object('column', a.attname, 'sequence', pg_get_serial_sequence(quote_ident(c.relname), a.attname))
     from pg_attribute a where a.attrelid = c.oid and a.attidentity <> '') as identity,
    (select coalesce(json_agg(f.confrelid::regclass::text), '[]') from pg_constraint f where f.conrelid = c.oid and f.contype = 'f') as refers
  from pg_class c
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname not like 'civicmeter\\_migration%'
  order by c.relname`;
