import { sql } from 'kysely';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { inSettledSnapshot } from '../../../pipeline/rollup/snapshot.ts';
import { freshBooks, stopPostgres } from '../../support/postgres.ts';

afterAll(stopPostgres);

it('a snapshot stands while the log is read beside it, however long that takes', async () => {
  const { books, close } = await freshBooks();
  onTestFinished(close);
  const limits: unknown[] = [];
  const limit = sql<{ limit: string }>`select current_setting('idle_in_transaction_session_timeout') as limit`;
  const settled = { attempts: 1, otherwise: 'as-it-stands', settle: async () => undefined } as const;
  await inSettledSnapshot(books.db, settled, async (tx) => limits.push(...(await limit.execute(tx)).rows));
  limits.push(...(await limit.execute(books.db)).rows);
  expect(limits).toEqual([{ limit: '0' }, { limit: '5min' }]);
});
