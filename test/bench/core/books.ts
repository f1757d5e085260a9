import { rmSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../../pipeline/books/embedded/index.ts';
import { type Books, openBooks } from '../../../pipeline/books/index.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { type Fleet, PLANTING } from './fleet.ts';
import { cpuOfTree } from './meter.ts';

export interface BenchBooks {
  readonly books: Books;
  readonly dsn: string;
  /** CPU seconds of the whole server so far. */
  readonly cpu: () => number;
  readonly close: () => Promise<void>;
}

/** Empty books on an embedded server of its own, with its own settings (fsync on), in a temporary folder. */
export async function openBenchBooks(fleet: Fleet, statements = PLANTING): Promise<BenchBooks> {
  const dir = await mkdtemp(path.join(tmpdir(), 'civicmeter-bench-'));
  await chmod(dir, 0o755); // the account of the server must enter it
  const shared = path.join(dir, 'shared');
  const server = await startEmbeddedPostgres({ dir, telemetry: silentTelemetry(), shared });
  const books = await openBooks({ dsn: server.dsn, telemetry: silentTelemetry() });
  const { rows } = await books.pool.query<{ folder: string }>(
    `select setting as folder from pg_settings where name = 'data_directory'`,
  );
  const postmaster = Number(
    (await readFile(path.join(rows[0]?.folder ?? '', 'postmaster.pid'), 'utf8')).split('\n')[0],
  );
  // a bench that is told to end, or throws, leaves no server behind
  const onExit = (): void => {
    process.kill(postmaster, 'SIGQUIT');
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', onExit);
  await plant(books, fleet, statements);
  return {
    books,
    dsn: server.dsn,
    cpu: () => cpuOfTree(postmaster),
    close: async () => {
      await books.close();
      await server.stop();
      process.off('exit', onExit);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function plant(books: Books, { devices, intervalMs }: Fleet, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    const values = [devices, intervalMs].slice(0, (statement.match(/\$\d/g) ?? []).length);
    await books.pool.query(statement, values);
  }
}

export interface Sizes {
  readonly bracketBytes: number;
  readonly wal: number;
  readonly updates: number;
  readonly hotUpdates: number;
}

/** Disk of the packed rows with their indexes, WAL position, updates of packed rows and how many stayed in their page. */
export async function sizesOf(books: Books): Promise<Sizes> {
  const { rows } = await books.pool.query<Sizes>(`
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 as "bracketBytes",
      (pg_current_wal_lsn() - '0/0'::pg_lsn)::int8 as wal,
      coalesce(sum(pg_stat_get_tuples_updated(c.oid)), 0)::int8 as updates,
      coalesce(sum(pg_stat_get_tuples_hot_updated(c.oid)), 0)::int8 as "hotUpdates"
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'bracket'::regclass`);
  const [sizes] = rows;
  if (!sizes) throw new Error('no sizes');
  return sizes;
}
