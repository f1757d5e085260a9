import { existsSync } from 'node:fs';
import { requestError } from '#domain';
import { createCloser, createLogger, createTelemetry, type Closer, type Telemetry } from '#platform';
import { startEmbeddedPostgres } from '../../../pipeline/books/embedded/index.ts';
import { type Books, openBooks } from '../../../pipeline/books/index.ts';
import type { Cli } from '../context.ts';
import { filesOf } from './data-folder.ts';

export interface Foundation {
  readonly telemetry: Telemetry;
  readonly books: Books;
  /** Closes what was opened on it as well, last opened first. */
  readonly closer: Closer;
}

/** A logger to the folder's log file, and whatever closes last. */
export function openTelemetry(cli: Cli): { readonly telemetry: Telemetry; readonly closer: Closer } {
  const log = createLogger({ file: filesOf(cli.data).log, level: cli.debug ? 'debug' : 'info' });
  const telemetry = createTelemetry(log);
  const closer = createCloser((name, error) => log.warn({ err: error, step: name }, 'Closing a part failed'));
  closer.add('log file', () => new Promise<void>((resolve) => log.flush(() => resolve())));
  return { telemetry, closer };
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
