import { catalogueError } from '#domain';
import type { CatalogueRow } from '../contract.ts';
import type { CatalogueEntry } from './rows.ts';

/** A row, and where it stands. */
export interface Placed {
  readonly entry: CatalogueEntry;
  readonly place: string;
  /** Its table claims a series without gaps. */
  readonly continuous: boolean;
}

const pairs = (rows: readonly Placed[]): (readonly [Placed, Placed])[] =>
  rows.slice(1).flatMap((row, index) => {
    const before = rows[index];
    return before ? [[before, row] as const] : [];
  });

/** Validity is half-open: a row ends on the day on which the next begins. `rows` share a key and are sorted by `from`. */
export function refuseOverlaps(rows: readonly Placed[]): void {
  for (const [before, row] of pairs(rows))
    if (before.entry.to === undefined || before.entry.to > row.entry.from)
      throw catalogueError(
        'CATALOGUE_OVERLAP',
        `${row.place} is valid from ${row.entry.from}, while ${before.place} is valid until ${before.entry.to ?? 'further notice'}`,
        { place: row.place, cure: 'end the earlier row (`to`) on the day on which the later begins' },
      );
}

export function refuseGaps(rows: readonly Placed[]): void {
  for (const [before, row] of pairs(rows))
    if (before.continuous && row.continuous && before.entry.to !== row.entry.from)
      throw catalogueError(
        'CATALOGUE_GAP',
        `nothing is valid from ${before.entry.to ?? ''} to ${row.entry.from}, between ${before.place} and ${row.place}`,
        { place: row.place, cure: 'add the missing row, or take back the claim `continuous`' },
      );
}

export const validOn = (row: CatalogueRow, date: string): boolean =>
  row.from <= date && (row.to === undefined || date < row.to);
