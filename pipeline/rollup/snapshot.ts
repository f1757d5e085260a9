import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from '../books/tables.ts';

export interface SnapshotOptions {
  /** Of all sites where absent. */
  readonly site?: string | undefined;
  /** How often it is looked for at most; then the work is done as things stand. */
  readonly attempts: number;
  readonly settle: () => Promise<unknown>;
}

/**
 * The work in one snapshot of the books in which nothing waits to be recomputed: a worker and a settler may write meanwhile, and what is derived would not be what
 * follows from the readings. What waits for the log does not count: it has not changed anything yet.
 */
export async function inSettledSnapshot<T>(
  db: Kysely<Tables>,
  { site, attempts, settle }: SnapshotOptions,
  work: (tx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const done = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) =>
        attempt < attempts && (await isWaiting(tx, site)) ? undefined : { answer: await work(tx) },
      );
    if (done) return done.answer;
    await settle();
  }
}

async function isWaiting(tx: Transaction<Tables>, site: string | undefined): Promise<boolean> {
  const [marked, noted] =
    site === undefined
      ? [sql`true`, sql`select from mark_batch`]
      : [
          sql`site = ${site}`,
          sql`select from mark_batch b, unnest(b.device_keys) k join device d on d.key = k where d.site = ${site}`,
        ];
  const { rows } = await sql<{ waits: boolean }>`
    select exists (select from dirty where not rejoin and ${marked}) or exists (${noted}) as waits`.execute(tx);
  return rows[0]?.waits === true;
}
