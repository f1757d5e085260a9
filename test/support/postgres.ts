import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { createTelemetry, silentLogger } from '../../pipeline/platform/index.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../pipeline/books/embedded/index.ts';
import { type Books, openBooks } from '../../pipeline/books/index.ts';

export const silentTelemetry = () => createTelemetry(silentLogger());

export interface FreshBooks {
  readonly books: Books;
  readonly dsn: string;
  /** Closes the books and drops the database. */
  readonly close: () => Promise<void>;
}

/**
 * Empty books of its own for a test, in some 40 ms: a copy of a migrated template on one server per test process, started at
 * first use. `stopPostgres` in `afterAll` ends the server and removes its folder.
 */
export async function freshBooks(): Promise<FreshBooks> {
  const { dsn, close } = await freshDatabase('template_books');
  const books = await openBooks({ dsn, telemetry: silentTelemetry() });
  return {
    books,
    dsn,
    close: async () => {
      await books.close();
      await close();
    },
  };
}

/** An empty database without any table of ours. */
export async function freshDatabase(
  template = 'template0',
): Promise<{ readonly dsn: string; readonly close: () => Promise<void> }> {
  const { server } = await (running ??= start());
  const name = `t_${randomBytes(6).toString('hex')}`;
  await admin(server, `create database ${name} template ${template} strategy file_copy`);
  return {
    dsn: dsnOf(server, name),
    close: () => admin(server, `drop database if exists ${name} with (force)`),
  };
}

export async function stopPostgres(): Promise<void> {
  if (!running) return;
  const { server, dir } = await running;
  running = undefined;
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}

interface Running {
  readonly server: EmbeddedPostgres;
  readonly dir: string;
}

let running: Promise<Running> | undefined;

async function start(): Promise<Running> {
  const dir = await mkdtemp(path.join(tmpdir(), 'civicmeter-test-'));
  await chmod(dir, 0o755); // the account of the server must enter it
  const server = await startEmbeddedPostgres({
    dir,
    telemetry: silentTelemetry(),
    shared: path.join(dir, 'shared'),
    settings: { fsync: 'off', shared_buffers: '32MB', max_wal_size: '256MB' },
  });
  await admin(server, 'create database template_books template template0');
  const books = await openBooks({ dsn: dsnOf(server, 'template_books'), telemetry: silentTelemetry() });
  await books.close();
  return { server, dir };
}

const dsnOf = (server: EmbeddedPostgres, database: string): string => {
  const url = new URL(server.dsn);
  url.pathname = `/${database}`;
  return url.href;
};

async function admin(server: EmbeddedPostgres, statement: string): Promise<void> {
  const client = new Client({ connectionString: dsnOf(server, 'postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
