import { existsSync } from 'node:fs';
import { requestError } from '#domain';
import type { Closer, Telemetry } from '#platform';
import { startEmbeddedPostgres } from '../../../pipeline/books/embedded/index.ts';
import { type Books, openBooks } from '../../../pipeline/books/index.ts';
import type { Cli } from '../context.ts';
import { filesOf } from './data-folder.ts';
import { openTelemetry } from './telemetry.ts';

export interface Foundation {
  readonly telemetry: Telemetry;
  readonly books: Books;
  /** Closes what was opened on it as well, last opened first. */
  readonly closer: Closer;
}

export interface FoundationOptions {
  /** Whether an empty data folder may get books; otherwise NO_BOOKS. */
  readonly create: boolean;
}

/**
 * The books: those that `--books` or CIVICMETER_BOOKS name, else the server of the data folder, joined where it runs.
 * Throws NO_BOOKS and what the books throw.
 */
export async function openFoundation(cli: Cli, { create }: FoundationOptions): Promise<Foundation> {
  const dsn = cli.io.env['CIVICMETER_BOOKS'];
  if (!create && dsn === undefined && !existsSync(filesOf(cli.data).postgres)) {
    throw requestError('NO_BOOKS', `the data folder holds no books: ${cli.data}`, {
      place: cli.data,
      cure: 'run civicmeter start or civicmeter apply first, or name the folder with --data',
    });
  }
  const { telemetry, closer } = openTelemetry(cli);
  try {
    const server = dsn === undefined ? await startEmbeddedPostgres({ dir: cli.data, telemetry }) : undefined;
    if (server) closer.add('PostgreSQL', server.stop);
    const books = await openBooks({ dsn: dsn ?? server?.dsn ?? '', telemetry });
    closer.add('books', books.close);
    return { telemetry, books, closer };
  } catch (error) {
    await closer.closeAll().catch(() => undefined);
    throw error;
  }
}
