import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { requestError } from '#domain';
import { readTables, type Table } from './table.ts';
import { type SheetMarks, workbookMarks } from './workbook-marks.ts';

/** A file to import and its name without the folder. Throws IMPORT_UNREADABLE. */
export async function readImportFile(path: string): Promise<{ readonly bytes: Uint8Array; readonly name: string }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw requestError('IMPORT_UNREADABLE', `${path} cannot be read`, { place: path, cure: 'check its name', cause });
  });
  return { bytes, name: basename(path) };
}

export interface SheetForm<Draft> {
  /** The drafts of a sheet; undefined where its head is another's. */
  readonly draftsOf: (table: Table, marks: SheetMarks | undefined) => readonly Draft[] | undefined;
  /** Columns without which a sheet is none of this kind. */
  readonly needed: readonly string[];
  readonly cure: string;
}

/**
 * The sheet of a CSV or XLSX file that has the form, and the hash of the whole file. Two that have rows are not both meant without saying
 * so. Throws IMPORT_UNREADABLE, IMPORT_COLUMNS_UNKNOWN.
 */
export async function readSheet<Draft>(
  bytes: Uint8Array,
  name: string,
  { draftsOf, needed, cure }: SheetForm<Draft>,
): Promise<{ readonly name: string; readonly sha256: string; readonly drafts: readonly Draft[] }> {
  const tables = await readTables(bytes, name, {});
  const marks = workbookMarks(bytes);
  const found = tables.flatMap((table) => {
    const drafts = draftsOf(table, marks.get(table.sheet ?? ''));
    return drafts ? [{ sheet: table.sheet, drafts }] : [];
  });
  const filled = found.filter(({ drafts }) => drafts.length > 0);
  if (filled.length > 1) {
    const sheets = filled.map(({ sheet }) => sheet).join(', ');
    throw requestError('IMPORT_UNREADABLE', `${name} has rows on several sheets: ${sheets}`, {
      place: name,
      cure: 'put all rows on one sheet, or save each sheet as a file of its own',
    });
  }
  const { drafts } = filled[0] ?? found[0] ?? {};
  if (drafts) return { name, sha256: createHash('sha256').update(bytes).digest('hex'), drafts };
  throw requestError('IMPORT_COLUMNS_UNKNOWN', `${name} has no columns ${needed.join(', ')}`, { place: name, cure });
}
