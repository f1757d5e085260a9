import type { Reading } from './frames.ts';
import type { Layout } from './header.ts';
import { type Part, part, type Refused, refused, type RefusedRow, type Understood } from './outcome.ts';
import type { Naming } from './registers.ts';
import type { Cell, Table } from './table.ts';
import { isWholeDay, readTime, type ReadTime, textOf, type TimeFormat } from './time.ts';
import { faceValue, type NumberFormat } from './value.ts';

export interface RowFormat {
  readonly time: TimeFormat;
  readonly numbers: NumberFormat;
  /** Of values that carry none. */
  readonly unit?: string | undefined;
  readonly register?: string | undefined;
  readonly naming: (name: string) => Part<Naming>;
}

export interface ReadRows {
  readonly readings: readonly Reading[];
  readonly refused: readonly RefusedRow[];
  readonly tally: Pick<
    Understood,
    'rows' | 'blanks' | 'ambiguousDates' | 'provenDates' | 'datesOnly' | 'repeatedTimes'
  >;
}

/** One value of a row: whose it is, where it stands, in which unit. */
interface Entry {
  readonly index: number;
  readonly name: string;
  readonly unit: string | undefined;
}

export function readRows(table: Table, layout: Layout, format: RowFormat): ReadRows {
  const readings: Reading[] = [];
  const refusedRows: RefusedRow[] = [...unknownColumns(table, layout, format)];
  const tally = { rows: 0, blanks: 0, ambiguousDates: 0, provenDates: 0, datesOnly: 0, repeatedTimes: 0 };
  for (const [i, row] of table.rows.entries()) {
    if (i <= layout.headerRow || row.every((cell) => textOf(cell) === '')) continue;
    tally.rows++;
    const refuse = ({ code, reason }: Refused, index?: number): void => {
      const text = row.map(textOf).join(' | ').slice(0, 200);
      refusedRows.push({ row: i + 1, ...(index === undefined ? {} : { column: index + 1 }), text, code, reason });
    };
    const time = timeOf(row, layout, format);
    if (time.ok) {
      tally.ambiguousDates += Number(time.value.ambiguous === true);
      tally.provenDates += Number(time.value.ambiguous === false);
      tally.datesOnly += Number(time.value.dateOnly);
      tally.repeatedTimes += Number(time.value.repeated);
    }
    for (const entry of entriesOf(row, layout, format)) {
      if (layout.form === 'wide' && textOf(row[entry.index]) === '') {
        tally.blanks++;
        continue;
      }
      const reading = time.ok ? readEntry(row, entry, time.value.at, format) : time;
      if (reading.ok) readings.push(reading.value);
      else refuse(reading, layout.form === 'wide' ? entry.index : undefined);
    }
  }
  return { readings, refused: refusedRows, tally };
}

function entriesOf(row: readonly Cell[], { form, at, series, columns }: Layout, format: RowFormat): readonly Entry[] {
  if (form === 'wide') {
    return series.map(({ index, header }) => ({ index, name: header.name, unit: header.unit ?? format.unit }));
  }
  const index = at.value ?? -1;
  const parts = [at.device, at.register].flatMap((i) => (i === undefined ? [] : [textOf(row[i])]));
  const name = parts.length === 0 ? (format.register ?? '') : parts.includes('') ? '' : parts.join('/');
  const written = at.unit === undefined ? '' : textOf(row[at.unit]);
  return [{ index, name, unit: written === '' ? (columns[index]?.unit ?? format.unit) : written }];
}

function readEntry(row: readonly Cell[], { index, name, unit }: Entry, at: number, format: RowFormat): Part<Reading> {
  const cell = row[index] ?? null;
  if (name === '')
    return refused('REGISTER_MISSING', '没有表号；合并的单元格请拆开', 'no meter is named; split merged cells');
  if (textOf(cell) === '')
    return refused('VALUE_MISSING', '没有读数；合并的单元格请拆开', 'there is no reading; split merged cells');
  if (isFormula(name) || isFormula(textOf(cell))) return FORMULA;
  const naming = format.naming(name);
  if (!naming.ok) return naming;
  const target = naming.value(at);
  if (!target.ok) return target;
  if (unit === undefined)
    return refused('UNIT_MISSING', '没有单位；请写单位或加 --unit', 'there is no unit: write it, or say --unit');
  if (cell instanceof Date) return refused('VALUE_INVALID', '读数是日期', 'the reading is a date');
  const value = faceValue(cell, unit, target.value, format.numbers);
  const { device, register } = target.value;
  return value.ok ? part({ device, register, at, value: value.value }) : value;
}

const FORMULA = refused('FORMULA', '这是公式，不是数据', 'this is a formula, no data');

const WHOLE_DAY = refused(
  'TIME_INVALID',
  '表格里的 24:00 与 0:00 分不清；请把 24:00 写成文字，或写次日和 0:00',
  'a spreadsheet does not tell 24:00 from 0:00: write 24:00 as text, or the next day and 0:00',
);

/** What a spreadsheet would compute: =…, @…, and signs that begin no number. */
const isFormula = (text: string): boolean => /^[=@]|^[+-]\s*[^\d\s.,]/.test(text);

function timeOf(row: readonly Cell[], { at }: Layout, { time }: RowFormat): Part<ReadTime> {
  const [date, clock] = [at.date, at.time].map((index) => (index === undefined ? undefined : (row[index] ?? null)));
  if (date !== undefined && clock instanceof Date && isWholeDay(clock)) return WHOLE_DAY;
  const cell = date === undefined || clock === undefined ? (date ?? clock ?? null) : joined(date, clock);
  if (textOf(cell) === '')
    return refused('TIME_MISSING', '没有时间；合并的单元格请拆开', 'there is no time; split merged cells');
  return isFormula(textOf(cell)) ? FORMULA : readTime(cell, time);
}

/** A column of dates beside one of times of day; a spreadsheet's time of day is a date of 1899. */
function joined(date: Cell, clock: Cell): Cell {
  const day = date instanceof Date ? textOf(date).slice(0, 10) : textOf(date);
  const time = clock instanceof Date ? textOf(clock).slice(11) : textOf(clock);
  return day === '' ? '' : `${day} ${time}`.trim();
}

/** Wide form: columns that hold numbers under a name that means nothing are said once, at their header. */
function unknownColumns(table: Table, { form, headerRow, columns }: Layout, format: RowFormat): readonly RefusedRow[] {
  if (form === 'long') return [];
  return columns.flatMap(({ column, header, role }) => {
    const holdsNumbers = table.rows.slice(headerRow + 1).some((row) => /^[\d.,]+$/.test(textOf(row[column - 1])));
    if (role !== 'ignored' || !holdsNumbers) return [];
    const unknown = format.naming(header.replace(/\s*[(（].*$/, ''));
    const { code, reason } = unknown.ok
      ? refused('REGISTER_UNKNOWN', `没有 "${header}"`, `there is no "${header}"`)
      : unknown;
    return [{ row: headerRow + 1, column, text: header, code, reason }];
  });
}
