import { existsSync } from 'node:fs';
import { configError, requestError } from '#domain';
import type { Closer, Telemetry } from '#platform';
import { startEmbeddedPostgres } from '../../../pipeline/books/embedded/index.ts';
import { type Books, openBooks, placeOf } from '../../../pipeline/books/index.ts';
import type { Cli } from '../context.ts';
import { filesOf, readRun, type Run } from './data-folder.ts';
import { openTelemetry } from './telemetry.ts';

export interface Foundation {
  readonly telemetry: Telemetry;
  readonly books: Books;
  /** The process that holds the data folder, if one does. */
  readonly running: Run | undefined;
  /** Closes what was opened on it as well, last opened first. */
  readonly closer: Closer;
}

export interface FoundationOptions {
  /** Whether an empty data folder may get books; otherwise NO_BOOKS. */
  readonly create: boolean;
}

/** Where the books of a command are, without the password; null: in the data folder. */
export const booksPlace = ({ io }: Pick<Cli, 'io'>): string | null => {
  const dsn = io.env['CIVICMETER_BOOKS'];
  return dsn === undefined ? null : placeOf(dsn);
};

/** The process that holds the data folder, which computes what a command beside it writes. Throws BOOKS_DIFFER. */
export function runBeside(cli: Pick<Cli, 'io' | 'data'>): Run | undefined {
  const run = readRun(cli.data);
  if (run?.books === undefined || run.books === booksPlace(cli)) return run;
  throw configError(
    'BOOKS_DIFFER',
    `process ${run.pid} (${run.role}) keeps the books of this folder ${where(run.books)}`,
    {
      place: cli.data,
      cure:
        run.books === null
          ? 'leave out --books and CIVICMETER_BOOKS, or name another folder with --data'
          : 'name these books with --books or CIVICMETER_BOOKS, or another folder with --data',
    },
  );
}

const where = (books: string | null): string => (books === null ? 'in the folder itself' : `at ${books}`);

/**
 * The books: those that `--books` or CIVICMETER_BOOKS name, else the server of the data folder, joined where it runs.
 * Throws NO_BOOKS, BOOKS_DIFFER and what the books throw.
 */
export async function openFoundation(cli: Cli, { create }: FoundationOptions): Promise<Foundation> {
  const running = runBeside(cli);
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
    return { telemetry, books, running, closer };
  } catch (error) {
    await closer.closeAll().catch(() => undefined);
    throw error;
  }
}
