import { getHeapSpaceStatistics } from 'node:v8';
import { sql } from 'kysely';
import { openBooks } from '../../../pipeline/books/index.ts';
import { silentTelemetry } from '../../support/postgres.ts';

/** MiB that 200 answers of some 0.1 MiB leave behind, though nobody holds them, when only young objects are collected. Needs `--expose-gc`; in a process of its own, since a test runner holds on to promises. */
const [dsn = ''] = process.argv.slice(2);
const oldMiB = (): number =>
  (getHeapSpaceStatistics().find((s) => s.space_name === 'old_space')?.space_used_size ?? 0) / 2 ** 20;

const books = await openBooks({ dsn, telemetry: silentTelemetry() });
const ask = async (): Promise<number> => {
  const { rows } =
    await sql`select n, 'a text that is long enough ' || n as text from generate_series(1, 1000) n`.execute(books.db);
  return rows.length;
};
const repeat = async (times: number): Promise<void> => {
  for (let i = 0; i < times; i++) {
    await ask();
    globalThis.gc?.({ type: 'minor' });
  }
};
await repeat(20);
globalThis.gc?.();
const before = oldMiB();
await repeat(200);
process.stdout.write(String(oldMiB() - before));
await books.close();
