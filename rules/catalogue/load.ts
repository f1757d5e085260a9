import { catalogueError } from '#domain';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { z } from 'zod';
import { identityOf, lookupOf } from './keys.ts';
import type { Catalogue, CatalogueEntry, Confirmation } from './rows.ts';
import { confirmationSchema, entrySchema, fileSchema, type DataFile } from './schema.ts';
import { rowsOf } from './table.ts';
import { refuseGaps, refuseOverlaps, type Placed } from './validity.ts';

const OWN_DATA = fileURLToPath(new URL('./data/', import.meta.url));

const said = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'row'}: ${issue.message}`).join('; ');

function readFile(path: string): DataFile {
  const file = basename(path);
  const cure = 'see rules/catalogue/README.md for the form of a data file';
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw catalogueError('CATALOGUE_UNREADABLE', `${file} cannot be read: ${String(cause)}`, {
      place: path,
      cure,
      cause,
    });
  }
  const result = fileSchema.safeParse(content);
  if (result.success) return result.data;
  throw catalogueError('CATALOGUE_FILE_INVALID', `${file}: ${said(result.error)}`, { place: path, cure });
}

function entryOf(id: string, place: string, fields: Readonly<Record<string, unknown>>): CatalogueEntry {
  const result = entrySchema.safeParse({ ...fields, id });
  if (!result.success)
    throw catalogueError('CATALOGUE_ROW_INVALID', `${place}: ${said(result.error)}`, {
      place,
      cure: 'correct the row; every row carries region, from, source, confidence and verified',
    });
  const entry = result.data;
  if (entry.to !== undefined && entry.to <= entry.from)
    throw catalogueError('CATALOGUE_ROW_INVALID', `${place}: valid to ${entry.to}, which is not after ${entry.from}`, {
      place,
      cure: '`to` is the first day on which the row no longer holds',
    });
  if (entry.verified && entry.confidence !== 'A')
    throw catalogueError('CATALOGUE_NOT_VERIFIED', `${place} says verified with confidence ${entry.confidence}`, {
      place,
      cure: 'only confidence A is verified in the file; else a named person confirms the row',
    });
  return entry;
}

function placedRows(directory: string, file: string): Placed[] {
  const stem = basename(file, '.yaml');
  return readFile(join(directory, file)).tables.flatMap((table, number) =>
    rowsOf(stem, table, number).map(({ id, place, fields }) => ({
      place,
      entry: entryOf(id, place, fields),
      continuous: table.continuous ?? false,
    })),
  );
}

function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.yaml'))
      .toSorted();
  } catch (cause) {
    throw catalogueError('CATALOGUE_UNREADABLE', `the folder of rules ${directory} cannot be read`, {
      place: directory,
      cure: 'check that it exists and may be read',
      cause,
    });
  }
}

function refuseTwins(rows: readonly Placed[]): void {
  const seen = new Map<string, string>();
  for (const { entry, place } of rows) {
    const other = seen.get(entry.id);
    if (other !== undefined)
      throw catalogueError('CATALOGUE_ROW_TWICE', `${entry.id} stands twice: ${other}; ${place}`, {
        place,
        cure: 'give each row its own name, or remove one',
      });
    seen.set(entry.id, place);
  }
}

function confirm(rows: readonly CatalogueEntry[], confirmations: readonly Confirmation[]): readonly CatalogueEntry[] {
  const known = new Set(rows.map((row) => row.id));
  const words = new Map<string, Confirmation>();
  for (const [index, given] of confirmations.entries()) {
    const place = `confirmation ${index + 1}`;
    const result = confirmationSchema.safeParse(given);
    if (!result.success || !known.has(given.row))
      throw catalogueError(
        'CONFIRMATION_INVALID',
        `${place}: ${result.success ? `there is no row ${given.row}` : said(result.error)}`,
        { place, cure: 'name a row of the catalogue, who confirms it, the day, and the text that was read' },
      );
    words.set(given.row, result.data);
  }
  return rows.map((row) => {
    const word = words.get(row.id);
    return word ? { ...row, verified: true, confirmed: { by: word.by, at: word.at, text: word.text } } : row;
  });
}

/** A catalogue from rows that are already sound: what loadCatalogue ends with, and what tests and previews start from. */
export function catalogueOf(rows: readonly CatalogueEntry[]): Catalogue {
  return {
    rows,
    byId: new Map(rows.map((row) => [row.id, row])),
    byKey: Map.groupBy(rows, lookupOf),
  };
}

/** The same rows with the word of those who confirmed some. Throws CONFIRMATION_INVALID. */
export const confirmCatalogue = ({ rows }: Catalogue, confirmations: readonly Confirmation[]): Catalogue =>
  catalogueOf(confirm(rows, confirmations));

/**
 * Reads every data file of a folder (default: ours). All or nothing: throws CATALOGUE_UNREADABLE, CATALOGUE_FILE_INVALID, CATALOGUE_ROW_INVALID,
 * CATALOGUE_NOT_VERIFIED, CATALOGUE_ROW_TWICE, CATALOGUE_OVERLAP, CATALOGUE_GAP or CONFIRMATION_INVALID, naming file and row.
 */
export function loadCatalogue(directory: string = OWN_DATA, confirmations: readonly Confirmation[] = []): Catalogue {
  const placed = filesOf(directory).flatMap((file) => placedRows(directory, file));
  refuseTwins(placed);
  const series = [...Map.groupBy(placed, ({ entry }) => identityOf(entry)).values()];
  for (const rows of series) {
    const ordered = rows.toSorted((a, b) => (a.entry.from < b.entry.from ? -1 : 1));
    refuseOverlaps(ordered);
    refuseGaps(ordered);
  }
  return catalogueOf(
    confirm(
      placed.map(({ entry }) => entry),
      confirmations,
    ),
  );
}
