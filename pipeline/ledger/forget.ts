import type { RowStore } from './rows.ts';

/** Rows that were in memory at a moment, each with its version then. */
export type Seen = ReadonlyMap<object, number>;

/** When rows of a partition were forgotten last, and what was seen then. */
export interface Swept {
  readonly at: number;
  readonly brackets: Seen;
  readonly gauges: Seen;
}

export const NEVER_SWEPT: Swept = { at: -Infinity, brackets: new Map(), gauges: new Map() };

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
