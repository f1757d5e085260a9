import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import readXlsxFile from 'read-excel-file/node';
import { type MeteringError, requestError } from '#domain';

/** A cell: text as written, a number of a spreadsheet with the digits that are meant, or a spreadsheet's date (wall clock in UTC fields). */
export type Cell = string | { readonly digits: string } | Date | null;

export interface Table {
  readonly format: 'csv' | 'xlsx';
  readonly encoding?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly sheet?: string | undefined;
  /** Row i of the file has the number i + 1, as a spreadsheet shows it. */
  readonly rows: readonly (readonly Cell[])[];
}

export interface TableHints {
  /** Name of the sheet; else every sheet is offered, in order. */
  readonly sheet?: string | undefined;
  readonly encoding?: string | undefined;
  readonly delimiter?: string | undefined;
}

const MAX_BYTES = 1024 * 1024 * 1024;

/** The tables of a CSV file (one) or an XLSX file (one a sheet), also packed by gzip. Throws IMPORT_UNREADABLE. */
export async function readTables(bytes: Uint8Array, name: string, hints: TableHints): Promise<readonly Table[]> {
  const plain = startsWith(bytes, [0x1f, 0x8b]) ? unpack(bytes, name) : bytes;
  if (startsWith(plain, [0x50, 0x4b, 0x03, 0x04])) return readWorkbook(plain, name, hints);
  if (startsWith(plain, [0xd0, 0xcf, 0x11, 0xe0])) {
    throw unreadable(name, 'this is an old Excel file (.xls)', 'open it in Excel and save it as .xlsx or as CSV');
  }
  return [readCsv(plain, name, hints)];
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, i) => bytes[i] === byte);

const unreadable = (name: string, message: string, cure: string, cause?: unknown): MeteringError =>
  requestError('IMPORT_UNREADABLE', `${name} cannot be read: ${message}`, { place: name, cure, cause });

function unpack(bytes: Uint8Array, name: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw unreadable(name, 'it is packed by gzip, but damaged or too large', 'unpack it by hand and look at it', cause);
  }
}

async function readWorkbook(bytes: Uint8Array, name: string, { sheet }: TableHints): Promise<readonly Table[]> {
  const sheets = await readXlsxFile(Buffer.from(bytes), { parseNumber: (digits) => ({ digits }), trim: true }).catch(
    (cause: unknown) => {
      throw unreadable(
        name,
        'it is no XLSX workbook',
        'open it in a spreadsheet and save it as .xlsx or as CSV',
        cause,
      );
    },
  );
  const chosen = sheet === undefined ? sheets : sheets.filter((one) => one.sheet === sheet);
  if (chosen.length === 0) {
    const names = sheets.map((one) => one.sheet).join(', ');
    throw unreadable(name, `it has no sheet "${sheet}"`, `name one of: ${names}`);
  }
  return chosen.map(({ sheet: title, data }) => ({
    format: 'xlsx',
    sheet: title,
    rows: data.map((row) => row.map(cellOf)),
  }));
}

/** A spreadsheet keeps doubles, of which 15 digits are meant: Excel writes 8.2 as 8.1999999999999993. */
const SPREADSHEET_DIGITS = 15;

/** How a spreadsheet shows a number in a cell formatted as a date that no calendar has. */
const BEYOND_CALENDAR = '#####';

const cellOf = (value: unknown): Cell => {
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value : BEYOND_CALENDAR;
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'digits' in value) {
    return { digits: String(Number(Number(value.digits).toPrecision(SPREADSHEET_DIGITS))) };
  }
  return typeof value === 'boolean' ? String(value) : null;
};

function readCsv(bytes: Uint8Array, name: string, hints: TableHints): Table {
  const { text, encoding } = decode(bytes, name, hints.encoding);
  const delimiter = hints.delimiter ?? delimiterOf(text);
  try {
    const rows: string[][] = parse(text, {
      delimiter,
      // files that two programs wrote have both ends; found by itself, the first would hold for all lines
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: true,
      trim: true,
      skip_empty_lines: false,
    });
    return { format: 'csv', encoding, delimiter, rows };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw unreadable(name, message, 'look at that line: a quote may not be closed', cause);
  }
}

/** UTF-8 with or without BOM, UTF-16 with BOM (Excel's "Unicode text"), else GBK, as Chinese Excel writes CSV. */
function decode(
  bytes: Uint8Array,
  name: string,
  wanted?: string,
): { readonly text: string; readonly encoding: string } {
  const byMark = startsWith(bytes, [0xff, 0xfe])
    ? 'utf-16le'
    : startsWith(bytes, [0xfe, 0xff])
      ? 'utf-16be'
      : undefined;
  for (const encoding of wanted === undefined ? [byMark ?? 'utf-8', 'gb18030'] : [wanted]) {
    try {
      return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), encoding };
    } catch {
      // not this one; the error after the loop names them all
    }
  }
  throw unreadable(name, `it is not text in ${wanted ?? 'UTF-8 or GBK'}`, 'save it as CSV UTF-8');
}

const DELIMITERS = [',', ';', '\t', '|'] as const;

/** The delimiter that stands equally often in most of the first lines, outside quotes. */
function delimiterOf(text: string): string {
  const lines = text
    .slice(0, 20_000)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .slice(0, 30)
    .map((line) => line.replace(/"[^"]*"/g, ''));
  const score = (delimiter: string): number => {
    const counts = lines.map((line) => line.split(delimiter).length - 1).filter((count) => count > 0);
    return Math.max(0, ...[...Map.groupBy(counts, (count) => count).values()].map((same) => same.length));
  };
  return [...DELIMITERS].sort((a, b) => score(b) - score(a))[0] ?? ',';
}
