import { strFromU8, unzipSync } from 'fflate';

/** Cells of a sheet that are formulas or part of a merged range, by row and column from 0: what the reader of values does not tell. */
export interface SheetMarks {
  readonly formula: (row: number, column: number) => boolean;
  readonly merged: (row: number, column: number) => boolean;
}

/** A bomb of a workbook is refused by its reader; here only parts below this are looked at. */
const MAX_PART = 256 * 1024 * 1024;

/** By name of the sheet, whatever prefix its elements have; empty for what is no XLSX workbook. */
export function workbookMarks(bytes: Uint8Array): ReadonlyMap<string, SheetMarks> {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return new Map();
  const parts = unzipSync(bytes, {
    filter: ({ name, originalSize }) =>
      /^xl\/(?:workbook\.xml|_rels\/|worksheets\/)/.test(name) && originalSize < MAX_PART,
  });
  const text = (name: string): string => {
    const part = parts[name];
    return part ? strFromU8(part) : '';
  };
  const targets = new Map(
    [...text('xl/_rels/workbook.xml.rels').matchAll(/<Relationship\b[^>]*>/g)].map(([tag]) => [
      attribute(tag, 'Id'),
      attribute(tag, 'Target').replace(/^\/?(?:xl\/)?/, 'xl/'),
    ]),
  );
  return new Map(
    [...text('xl/workbook.xml').matchAll(/<(?:\w+:)?sheet\b[^>]*>/g)].map(([tag]) => [
      unescape(attribute(tag, 'name')),
      marksOf(text(targets.get(attribute(tag, 'r:id')) ?? '')),
    ]),
  );
}

const attribute = (tag: string, name: string): string =>
  new RegExp(String.raw`\s${name}\s*=\s*(?:"([^"]*)"|'([^']*)')`)
    .exec(tag)
    ?.slice(1)
    .find((part) => part !== undefined) ?? '';

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescape = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) =>
    hex
      ? String.fromCodePoint(parseInt(hex, 16))
      : decimal
        ? String.fromCodePoint(Number(decimal))
        : (ENTITIES[name ?? ''] ?? whole),
  );

function marksOf(sheet: string): SheetMarks {
  const formulas = new Set(
    [...sheet.matchAll(/<(?:\w+:)?c\b[^>]*\br="([A-Z]{1,3}\d+)"[^>]*>\s*<(?:\w+:)?f\b/g)].map(([, cell = '']) =>
      placeOf(cell).join(),
    ),
  );
  const merges = [...sheet.matchAll(/<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]{1,3}\d+):([A-Z]{1,3}\d+)"/g)].map(
    ([, from = '', to = '']) => ({ from: placeOf(from), to: placeOf(to) }),
  );
  return {
    formula: (row, column) => formulas.has([row, column].join()),
    merged: (row, column) =>
      merges.some(({ from, to }) => from[0] <= row && row <= to[0] && from[1] <= column && column <= to[1]),
  };
}

/** "B3" → row 2, column 1. */
function placeOf(cell: string): readonly [number, number] {
  const [, letters = '', digits = ''] = /^([A-Z]+)(\d+)$/.exec(cell) ?? [];
  const column = Array.from(letters).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  return [Number(digits) - 1, column - 1];
}
