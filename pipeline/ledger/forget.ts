import type { RowStore } from './rows.ts';

/** Rows that were in memory at a moment, each with its version then. */
export type Seen = ReadonlyMap<object, number>;

export const NOTHING_SEEN: Seen = new Map();

/**
 * Forgets clean rows that were not written since they were seen: of a day that is over nothing but late readings come, and those read its row again.
 * Without it a worker that lives for weeks would hold rows of every day up to the limit of rows. Answers what is seen now.
 */
export function forgetUnwritten<T extends { readonly start: number }>({ rows }: RowStore<T>, seen: Seen): Seen {
  for (const [key, row] of rows) {
    if (row.dirty || seen.get(row) !== row.version) continue;
    row.gone = true;
    rows.delete(key);
  }
  return new Map([...rows.values()].map((row) => [row, row.version]));
}
