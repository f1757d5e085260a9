import { type Kysely, sql, type Transaction } from 'kysely';
import { storeError } from '#domain';
import type { Tables } from '../books/tables.ts';

export interface SnapshotOptions {
  /** Of all sites where absent. */
  readonly site?: string | undefined;
  /** How often it is looked for at most. */
  readonly attempts: number;
  /** What to do where it is not found: the work as things stand, or nothing. */
  readonly otherwise: 'as-it-stands' | 'refuse';
  readonly settle: () => Promise<unknown>;
}

/**
 * The work in one snapshot of the books in which nothing waits to be recomputed: a worker and a settler may write meanwhile, and what is derived would not be what
 * follows from the readings. What waits for the log counts only where it refuses: it has not changed anything yet. Throws TOTALS_BEHIND.
 */
export async function inSettledSnapshot<T>(
  db: Kysely<Tables>,
  { site, attempts, otherwise, settle }: SnapshotOptions,
  work: (tx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const done = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        const isLast = attempt >= attempts;
        const isStrict = otherwise === 'refuse';
        if ((!isLast || isStrict) && (await isWaiting(tx, site, isStrict))) return undefined;
        // the log may be read beside it for longer than a worker's transaction may stand still; this one holds nobody up
        await sql`select set_config('idle_in_transaction_session_timeout', '0', true)`.execute(tx);
        return { answer: await work(tx) };
      });
    if (done) return done.answer;
    if (attempt >= attempts)
      throw storeError(
        'TOTALS_BEHIND',
        'readings come faster than the totals follow, or slots wait to be joined anew from the log',
        {
          ...(site === undefined ? {} : { place: site }),
          cure: 'try again when fewer come, with the program running that reads the log; `civicmeter status` says how much waits',
        },
      );
    await settle();
  }
}

async function isWaiting(tx: Transaction<Tables>, site: string | undefined, forLogToo: boolean): Promise<boolean> {
  const [marked, noted] =
    site === undefined
      ? [sql`true`, sql`select from mark_batch`]
      : [
          sql`site = ${site}`,
          sql`select from mark_batch b, unnest(b.device_keys) k join device d on d.key = k where d.site = ${site}`,
        ];
  const { rows } = await sql<{ waits: boolean }>`
    select exists (select from dirty where (not rejoin or ${forLogToo}) and ${marked}) or exists (${noted}) as waits`.execute(
    tx,
  );
  return rows[0]?.waits === true;
}
