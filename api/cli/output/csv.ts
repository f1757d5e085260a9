import { stringify } from 'csv-stringify/sync';

const BOM = '\uFEFF';
/** A text that a spreadsheet would run as a formula (OWASP, CSV injection); numbers are left alone. */
const FORMULA = /^[=@\t\r]|^[+-](?!\d+(?:\.\d+)?(?:e[+-]\d+)?(?: %)?$)/;

/** UTF-8 with a byte order mark and CRLF, which spreadsheets in China open rightly. */
export const csv = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  BOM +
  stringify(
    [headings, ...rows.map((row) => row.map(harmless))].map((row) => [...row]),
    { record_delimiter: 'windows' },
  );

const harmless = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);
