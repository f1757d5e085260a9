import { type TemperatureColumn, type TemperatureDraft, type TemperatureTable } from '#domain';
import { readImportFile, readSheet } from './file.ts';
import { faultOf } from './sheet-rows.ts';
import type { Cell, Table } from './table.ts';
import { textOf } from './time.ts';
import type { SheetMarks } from './workbook-marks.ts';

/** Heads of columns in small letters, without the unit that may stand in brackets. */
const WORDS: Readonly<Record<TemperatureColumn, readonly string[]>> = {
  time: ['时间', '日期', '时刻', '观测时间', '资料时间', 'time', 'date', 'day', 'datetime', 'timestamp'],
  temperature: [
    '气温',
    '温度',
    '室外温度',
    '日均气温',
    '平均气温',
    'temperature',
    'temp',
    'outdoor temperature',
    'air temperature',
    'mean temperature',
  ],
  unit: ['单位', 'unit'],
};
const NEEDED = ['time', 'temperature'] as const;
const HEAD_ROWS = 20;

/** As readTemperatures, of a file on disk. */
export async function readTemperaturesFile(path: string): Promise<TemperatureTable> {
  const { bytes, name } = await readImportFile(path);
  return readTemperatures(bytes, name);
}

/**
 * Outdoor temperatures of a CSV or XLSX file as texts by column; what they mean is judged by the pipeline. A unit in the head of the values,
 * `temperature (°C)`, is that of every row without its own. Throws IMPORT_UNREADABLE, IMPORT_COLUMNS_UNKNOWN.
 */
export const readTemperatures = (bytes: Uint8Array, name: string): Promise<TemperatureTable> =>
  readSheet(bytes, name, { draftsOf, needed: NEEDED, cure: 'head the columns: 时间 time, 气温 temperature (°C)' });

interface Head {
  readonly column: TemperatureColumn | undefined;
  readonly unit: string | undefined;
}

function draftsOf({ rows }: Table, marks: SheetMarks | undefined): readonly TemperatureDraft[] | undefined {
  const heads = rows.slice(0, HEAD_ROWS).map((row) => row.map(headOf));
  const at = heads.findIndex((head) => NEEDED.every((column) => head.some((one) => one.column === column)));
  const head = heads[at];
  if (!head) return undefined;
  const unit = head.find(({ column }) => column === 'temperature')?.unit;
  const timed = rows.slice(at + 1).some((row) => row.some((cell) => cell instanceof Date && hasTime(cell)));
  return rows.slice(at + 1).flatMap((row, i) => {
    if (row.every((cell) => textOf(cell) === '')) return [];
    const cells: Partial<Record<TemperatureColumn, string>> = unit === undefined ? {} : { unit };
    head.forEach(({ column }, k) => {
      const text = cellText(row[k] ?? null, timed);
      if (column === undefined || text === '') return;
      // date and time of day may stand in columns of their own
      cells[column] = column === 'time' && cells.time !== undefined ? `${cells.time} ${text}` : text;
    });
    const faults = head.flatMap(({ column }, k) => faultOf(marks, at + i + 1, k, column, ['temperature']));
    return [{ row: at + i + 2, cells, ...(faults.length > 0 && { faults }) }];
  });
}

const DAY_MS = 86_400_000;
const hasTime = (date: Date): boolean => Math.round(date.getTime() / 1_000) % (DAY_MS / 1_000) !== 0;

/** Dates of a sheet without any time of day are days. */
const cellText = (cell: Cell, timed: boolean): string =>
  cell instanceof Date && !timed ? textOf(cell).slice(0, 10) : textOf(cell).trim();

function headOf(cell: Cell): Head {
  const [, text = '', unit] = /^(.*?)\s*(?:[(（[【]\s*([^()（）[\]【】]+?)\s*[)）\]】])?$/s.exec(textOf(cell)) ?? [];
  const words = [text.toLowerCase(), ...text.toLowerCase().split(/\s+/)];
  const column = (['time', 'temperature', 'unit'] as const).find((one) =>
    words.some((word) => WORDS[one].includes(word)),
  );
  return { column, unit };
}
