import { type Kysely, sql } from 'kysely';
import type { Tables } from '../books/tables.ts';

/** Where a historian stands in a log, in the books: its own offsets, apart from the ledger's. */
export interface Positions {
  /** Next offset by partition; empty where it has seen nothing. */
  readonly load: (log: string) => Promise<ReadonlyMap<number, number>>;
  /** Moves a partition by compare-and-set; false: somebody set it back meanwhile, to write all anew. */
  readonly move: (log: string, partition: number, from: number | undefined, to: number) => Promise<boolean>;
  /** From the log's beginning again. */
  readonly reset: () => Promise<void>;
}

export const positionsIn = (db: Kysely<Tables>, historian: string): Positions => ({
  load: async (log) => {
    const rows = await db
      .selectFrom('historian_offset')
      .select(['partition', 'next_offset'])
      .where('historian', '=', historian)
      .where('log', '=', log)
      .execute();
    return new Map(rows.map((row) => [row.partition, row.next_offset]));
  },
  move: async (log, partition, from, to) => {
    const { numAffectedRows } =
      from === undefined
        ? await sql`insert into historian_offset (historian, log, partition, next_offset)
            values (${historian}, ${log}, ${partition}, ${to}) on conflict do nothing`.execute(db)
        : await sql`update historian_offset set next_offset = ${to}
            where historian = ${historian} and log = ${log} and partition = ${partition} and next_offset = ${from}`.execute(
            db,
          );
    return numAffectedRows === 1n;
  },
  reset: async () => {
    await db.deleteFrom('historian_offset').where('historian', '=', historian).execute();
  },
});
