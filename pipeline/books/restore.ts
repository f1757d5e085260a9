import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { requestError } from '#domain';
import type { Progress } from '../service.ts';
import { type BackupLine, damaged, type Head, readBackup } from './backup-file.ts';
import { describeTables, type TableInfo } from './catalog.ts';
import { SCHEMA_VERSION } from './migrate.ts';
import { attachPartitions, inTransaction, isPartitioned } from './partitions.ts';

const BATCH_ROWS = 1_000;
const BATCH_CHARACTERS = 1_000_000;

interface RestoreOptions {
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fills empty books from a backup: all of it or nothing. The file is read twice, first only to prove that it is whole.
 * Throws BACKUP_DAMAGED, BACKUP_UNREADABLE, BACKUP_OTHER_SCHEMA, BOOKS_NOT_EMPTY, the reason of the signal; nothing has been changed then.
 */
export async function restore(
  pool: Pool,
  file: string,
  { progress, signal }: RestoreOptions = {},
): Promise<{ readonly rows: number }> {
  const total = await prove(file, signal);
  await inTransaction(pool, async (client) => {
    const tables = await describeTables(client);
    await requireEmpty(client, tables);
    const loader = createLoader(client, file, tables, (done, table) => progress?.(done, total, table));
    for await (const line of readBackup(file)) {
      signal?.throwIfAborted();
      if ('kind' in line) await loader.take(line);
    }
    await loader.flush();
  });
  return { rows: total };
}

async function prove(file: string, signal: AbortSignal | undefined): Promise<number> {
  let rows = 0;
  for await (const line of readBackup(file)) {
    signal?.throwIfAborted();
    if (!('kind' in line)) requireSchema(line, file);
    else if (line.kind === 'row') rows++;
  }
  return rows;
}

function requireSchema({ schema, at }: Head, file: string): void {
  if (schema === SCHEMA_VERSION) return;
  throw requestError(
    'BACKUP_OTHER_SCHEMA',
    `the backup of ${at} has schema ${schema}, this release has ${SCHEMA_VERSION}`,
    {
      place: file,
      cure: 'restore it with the release that wrote it, then start this one, which brings the books up to date',
    },
  );
}

async function requireEmpty(client: PoolClient, tables: readonly TableInfo[]): Promise<void> {
  await client.query(`lock table ${tables.map((t) => escapeIdentifier(t.name)).join(', ')} in exclusive mode`);
  for (const { name } of tables) {
    const { rows } = await client.query(`select 1 from ${escapeIdentifier(name)} limit 1`);
    if (rows.length === 0) continue;
    throw requestError('BOOKS_NOT_EMPTY', `the books hold rows already (${name})`, {
      cure: 'restore into a new data folder or database',
    });
  }
}

interface Loader {
  readonly take: (line: BackupLine) => Promise<void>;
  readonly flush: () => Promise<void>;
}

function createLoader(
  client: PoolClient,
  file: string,
  tables: readonly TableInfo[],
  onRows: (done: number, table: string) => void,
): Loader {
  let target: TableInfo | undefined;
  let rows: string[] = [];
  let [characters, done] = [0, 0];
  const flush = async (): Promise<void> => {
    if (!target || rows.length === 0) return;
    const batch = `[${rows.join(',')}]`;
    if (isPartitioned(target.name)) await attachPartitions(client, daysIn(target, batch));
    await client.query(insertInto(target), [batch]);
    done += rows.length;
    onRows(done, target.name);
    [rows, characters] = [[], 0];
  };
  const begin = (table: string, columns: readonly string[]): void => {
    target = tables.find((t) => t.name === table);
    const same = target?.columns.map((c) => c.name).join() === columns.join();
    if (!same) throw damaged(file, `table ${table} has other columns here`);
  };
  const take = async (line: BackupLine): Promise<void> => {
    if (line.kind === 'row') {
      rows.push(line.values);
      characters += line.size;
      if (rows.length >= BATCH_ROWS || characters >= BATCH_CHARACTERS) await flush();
      return;
    }
    await flush();
    if (line.kind === 'table') begin(line.table, line.columns);
    else await client.query('select setval($1::regclass, $2::int8, $3)', [line.sequence, line.value, line.called]);
  };
  return { take, flush };
}

/** One parameter: an array of rows, each an array of texts that the columns' types read. */
function insertInto({ name, columns }: TableInfo): string {
  const names = columns.map((c) => escapeIdentifier(c.name)).join(', ');
  const values = columns.map((c, i) => `(r ->> ${i})::${c.type}`).join(', ');
  return `insert into ${escapeIdentifier(name)} (${names}) overriding system value
    select ${values} from jsonb_array_elements($1::jsonb) r`;
}

function daysIn(table: TableInfo, batch: string): readonly number[] {
  const column = table.columns.findIndex((c) => c.name === 'day');
  const rows = JSON.parse(batch) as readonly (readonly string[])[]; // our own lines, proven by their checksum
  return rows.map((row) => Number(row[column]));
}
