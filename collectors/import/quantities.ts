import { QUANTITY_COLUMNS, type QuantityColumn, type QuantityDraft, type QuantityTable } from '#domain';
import { readImportFile, readSheet } from './file.ts';
import { faultOf } from './sheet-rows.ts';
import type { Cell, Table } from './table.ts';
import type { SheetMarks } from './workbook-marks.ts';

/** Heads of columns: the Chinese word, the English one, or both, as the template has them. */
const WORDS: Readonly<Record<QuantityColumn, readonly string[]>> = {
  institution: ['机构', '单位名称', 'institution'],
  month: ['月份', '月', 'month'],
  kind: ['种类', '能源种类', '品种', 'kind', 'carrier'],
  use: ['用途', 'use'],
  quantity: ['数量', '用量', 'quantity', 'amount'],
  unit: ['单位', '计量单位', 'unit'],
  cost: ['费用', '费用（元）', '费用(元)', '金额', 'cost'],
  document: ['凭证', 'document'],
  note: ['备注', 'note'],
};
const NEEDED = ['institution', 'month', 'kind', 'quantity'] as const;
const HEAD_ROWS = 20;

/** As readQuantities, of a file on disk. */
export async function readQuantitiesFile(path: string): Promise<QuantityTable> {
  const { bytes, name } = await readImportFile(path);
  return readQuantities(bytes, name);
}

/**
 * Monthly quantities of a CSV or XLSX file as texts by column; what they mean is judged by the pipeline. The sheet whose head has
 * institution, month, kind and quantity counts. Throws IMPORT_UNREADABLE, IMPORT_COLUMNS_UNKNOWN.
 */
export const readQuantities = (bytes: Uint8Array, name: string): Promise<QuantityTable> =>
  readSheet(bytes, name, { draftsOf, needed: NEEDED, cure: 'fill in the file that civicmeter import template writes' });

/** What a row says beside whose month it is: without any of it the row is one of the template that was not filled in. */
const FILLED_IN = ['kind', 'use', 'quantity', 'unit', 'cost', 'document', 'note'] as const;

function draftsOf({ rows }: Table, marks: SheetMarks | undefined): readonly QuantityDraft[] | undefined {
  const heads = rows.slice(0, HEAD_ROWS).map((row) => row.map(columnOf));
  const at = heads.findIndex((head) => NEEDED.every((column) => head.includes(column)));
  const head = heads[at];
  if (!head) return undefined;
  return rows.slice(at + 1).flatMap((row, i) => {
    if (row.every((cell) => textOf(cell) === '')) return [];
    const cells = head.flatMap((column, k): [QuantityColumn, string][] => {
      const text = textOf(row[k] ?? null);
      return column === undefined || text === '' ? [] : [[column, text]];
    });
    const written = Object.fromEntries(cells);
    const faults = head.flatMap((column, k) => faultOf(marks, at + i + 1, k, column, COMPUTED));
    if (faults.length === 0 && FILLED_IN.every((column) => written[column] === undefined)) return [];
    return [{ row: at + i + 2, cells: written, ...(faults.length > 0 && { faults }) }];
  });
}

/** Sums may be computed in the sheet. */
const COMPUTED: readonly QuantityColumn[] = ['quantity', 'cost', 'note'];

function columnOf(cell: Cell): QuantityColumn | undefined {
  const text = textOf(cell).toLowerCase();
  const known = (word: string): QuantityColumn | undefined =>
    QUANTITY_COLUMNS.find((column) => WORDS[column].includes(word));
  return known(text) ?? known(text.split(/\s+/).at(-1) ?? '');
}

/** A month that a spreadsheet took for a date is that month again. */
function textOf(cell: Cell): string {
  if (cell === null) return '';
  if (cell instanceof Date) return cell.toISOString().slice(0, 10).replace(/-01$/, '');
  return (typeof cell === 'string' ? cell : cell.digits).trim();
}
