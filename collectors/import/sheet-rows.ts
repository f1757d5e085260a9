import type { SheetMarks } from './workbook-marks.ts';

/** A cell that cannot be taken as data, whatever it shows. */
export interface CellFault<Column extends string> {
  readonly column: Column;
  readonly code: 'FORMULA' | 'MERGED';
}

/** `computed`: columns whose values may be sums of the sheet; names may not: a formula there can show another name tomorrow. */
export function faultOf<Column extends string>(
  marks: SheetMarks | undefined,
  row: number,
  index: number,
  column: Column | undefined,
  computed: readonly Column[],
): readonly CellFault<Column>[] {
  if (column === undefined || !marks) return [];
  if (marks.merged(row, index)) return [{ column, code: 'MERGED' }];
  return marks.formula(row, index) && !computed.includes(column) ? [{ column, code: 'FORMULA' }] : [];
}
