import { sql } from 'kysely';
import type { Books } from '../books/index.ts';

/** The first offset of the only partition of a log that nobody has read: neither the ledger nor a historian. 0 where the log is not known. */
export async function unreadFrom({ db }: Books, log: string): Promise<number> {
  const { rows } = await sql<{ next: number }>`
    select coalesce(max(next_offset), 0) as next from (
      select next_offset from log_offset where log = ${log}
      union all select next_offset from historian_offset where log = ${log}
    ) as positions`.execute(db);
  return Number(rows[0]?.next ?? 0);
}
