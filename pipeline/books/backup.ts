import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { access, open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { requestError, storeError } from '#domain';
import { inRuns } from '#platform';
import type { Progress } from '../service.ts';
import { type Head, newHash } from './backup-file.ts';
import { describeTables, type TableInfo } from './catalog.ts';
import { SCHEMA_VERSION } from './migrate.ts';
import { inTransaction } from './partitions.ts';

export { restore } from './restore.ts';

/** Rows read at once: most are small, a document is up to 40 MB of text, and a string holds no more than 500. */
const [FIRST_ROWS, MOST_ROWS, MOST_CHARACTERS] = [10, 1_000, 4_000_000];

interface BackupOptions {
  readonly now: number;
  readonly progress?: Progress | undefined;
  /** Aborts: nothing is left of it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes every row of the books, as of one instant, to a file (backup-file.ts has its form); work goes on meanwhile. The file
 * appears when it is whole and on disk. Throws BACKUP_EXISTS, FILE_NOT_WRITTEN, DISK_FULL, the reason of the signal.
 */
export async function backup(
  pool: Pool,
  file: string,
  options: BackupOptions,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  if (await exists(file)) {
    const cure = 'choose another name, or remove the file first';
    throw requestError('BACKUP_EXISTS', 'there is a file of this name already', { place: file, cure });
  }
  const part = `${file}.part`;
  const target = createWriteStream(part, { mode: 0o600 });
  await once(target, 'open').catch((cause: unknown) => {
    if (isDiskFull(cause)) throw diskFull(file, cause);
    throw requestError('FILE_NOT_WRITTEN', `${file} cannot be written`, {
      place: file,
      cure: 'name another file, in a folder that may be written',
      cause,
    });
  });
  try {
    const rows = await inTransaction(
      pool,
      async (client) => {
        const counter = { rows: 0 };
        await pipeline(Readable.from(lines(client, counter, options)), createGzip(), target);
        return counter.rows;
      },
      'begin isolation level repeatable read read only',
    );
    await syncFile(part);
    await rename(part, file);
    return { rows, bytes: (await stat(file)).size };
  } catch (error) {
    target.destroy();
    await rm(part, { force: true });
    throw isDiskFull(error) ? diskFull(file, error) : error;
  }
}

async function* lines(
  client: PoolClient,
  counter: { rows: number },
  { now, progress, signal }: BackupOptions,
): AsyncGenerator<string> {
  const hash = newHash();
  const line = (value: unknown): string => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    return text;
  };
  const head: Head = { civicmeter: 'backup', format: 1, schema: SCHEMA_VERSION, at: new Date(now).toISOString() };
  yield line(head);
  const tables = await describeTables(client);
  const total = progress ? await countRows(client, tables) : null;
  for (const table of tables) {
    yield line({ table: table.name, columns: table.columns.map((c) => c.name) });
    for await (const rows of rowsOf(client, table)) {
      signal?.throwIfAborted();
      for (const some of inRuns(rows, MOST_CHARACTERS, charactersIn)) yield some.map(line).join('');
      counter.rows += rows.length;
      progress?.(counter.rows, total, table.name);
    }
  }
  for (const { identity } of tables) if (identity) yield line(await sequenceOf(client, identity.sequence));
  yield `${JSON.stringify({ rows: counter.rows, sha256: hash.digest('hex') })}\n`;
}

/** In the order of the primary key; every value in PostgreSQL's text form, which it reads back exactly. */
async function* rowsOf(client: PoolClient, table: TableInfo): AsyncGenerator<readonly (readonly (string | null)[])[]> {
  const columns = table.columns.map((c) => `${escapeIdentifier(c.name)}::text`).join(', ');
  const key = table.primaryKey.map(escapeIdentifier).join(', ');
  await client.query(
    `declare backup no scroll cursor for select ${columns} from ${escapeIdentifier(table.name)} order by ${key}`,
  );
  for (let count = FIRST_ROWS; ;) {
    const { rows } = await client.query<(string | null)[]>({ text: `fetch ${count} from backup`, rowMode: 'array' });
    if (rows.length === 0) break;
    yield rows;
    const characters = rows.reduce((sum, row) => sum + charactersIn(row), 0);
    count = Math.max(1, Math.min(MOST_ROWS, Math.floor((MOST_CHARACTERS * rows.length) / characters)));
  }
  await client.query('close backup');
}

const charactersIn = (row: readonly (string | null)[]): number =>
  row.reduce((sum, value) => sum + (value?.length ?? 0), 1);

async function countRows(client: PoolClient, tables: readonly TableInfo[]): Promise<number> {
  let total = 0;
  for (const { name } of tables) {
    const { rows } = await client.query<{ n: number }>(`select count(*) n from ${escapeIdentifier(name)}`);
    total += rows[0]?.n ?? 0;
  }
  return total;
}

async function sequenceOf(client: PoolClient, sequence: string): Promise<object> {
  const { rows } = await client.query<{ value: string; called: boolean }>(
    `select last_value::text as value, is_called as called from ${sequence}`,
  );
  return { sequence, ...rows[0] };
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isDiskFull = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOSPC';

const diskFull = (file: string, cause: unknown): Error =>
  storeError('DISK_FULL', 'no space left for the backup', {
    place: file,
    cure: 'free space there, or write it to another disk; the books are untouched',
    cause,
  });
