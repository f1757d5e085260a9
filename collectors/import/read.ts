import { type Registry, requestError, zoneOf } from '#domain';
import { framesOf } from './frames.ts';
import { readImportFile } from './file.ts';
import { type ColumnMap, columnsUnknown, isUtc, type Layout, layoutOf } from './header.ts';
import type { DateOrder, Readings } from './outcome.ts';
import { namingOf } from './registers.ts';
import { readRows } from './rows.ts';
import { readTables, type Table, type TableHints } from './table.ts';

export interface ImportOptions extends TableHints {
  readonly registry: Registry;
  /** Zone of times that carry none; else that of the header ("time (UTC)"), else of the site. */
  readonly zone?: string | undefined;
  /** How 03/04/2025 is read; day first unless said. */
  readonly dates?: DateOrder | undefined;
  /** Unit of values whose column or row has none. Never guessed. */
  readonly unit?: string | undefined;
  readonly decimal?: '.' | ',' | undefined;
  /** Round what is finer than the register. */
  readonly round?: boolean | undefined;
  readonly columns?: ColumnMap | undefined;
  /** All values are of this register, point or meter. */
  readonly register?: string | undefined;
}

/** As readReadings, of a file on disk. Throws IMPORT_UNREADABLE as well where it is not there. */
export async function readReadingsFile(path: string, options: ImportOptions): Promise<Readings> {
  const { bytes, name } = await readImportFile(path);
  return readReadings(bytes, name, options);
}

/**
 * Meter readings of a CSV or XLSX file, long or wide, as frames: what was understood, the frames, each refused row.
 * Every row below the header is taken, counted as a duplicate or a blank, or refused with its reason. What the readings mean (bounds, wraps,
 * times) is judged later by the ledger. Does not depend on the order of rows. Throws IMPORT_UNREADABLE, IMPORT_COLUMNS_UNKNOWN,
 * IMPORT_UNIT_UNKNOWN, ZONE_UNKNOWN, where nothing can be taken.
 */
export async function readReadings(bytes: Uint8Array, name: string, options: ImportOptions): Promise<Readings> {
  const naming = namingOf(options.registry);
  const { table, layout } = chosen(await readTables(bytes, name, options), name, options, naming);
  if (!unitKnown(layout, options)) {
    throw requestError('IMPORT_UNIT_UNKNOWN', `${name} does not say in which unit its readings are`, {
      place: name,
      cure: 'say it: --unit kWh, a column "unit", or in the name of the column, "reading (kWh)"',
    });
  }
  const [zone, zoneFrom] = zoneFor(layout, options);
  const dates = options.dates ?? 'day-first';
  const { decimal, round, unit } = options;
  const time = { zone: zoneOf(zone), dates };
  const numbers = { decimal, round, delimiter: table.delimiter };
  const rows = readRows(table, layout, { time, numbers, unit, register: options.register, naming });
  const { frames, readings, duplicates } = framesOf(options.registry.site.id, rows.readings);
  const { format, encoding, delimiter, sheet } = table;
  const { form, headerRow, columns } = layout;
  const ends = { from: frames[0]?.at, to: frames.at(-1)?.at };
  const understood = {
    name,
    format,
    encoding,
    delimiter,
    sheet,
    form,
    headerRow: headerRow + 1,
    columns,
    zone,
    zoneFrom,
    dates,
  };
  return { understood: { ...understood, ...rows.tally, readings, duplicates, ...ends }, frames, refused: rows.refused };
}

/** The table that holds readings. Two sheets of a workbook that do are not both meant without saying so. */
function chosen(tables: readonly Table[], name: string, options: ImportOptions, naming: Namings): Chosen {
  const { columns, register } = options;
  const hints = { columns, register, means: (text: string): boolean => naming(text).ok };
  const found = tables.flatMap((table) => {
    const layout = layoutOf(table, hints);
    return layout ? [{ table, layout }] : [];
  });
  const [first] = found;
  if (!first) throw columnsUnknown(tables[0], name, columns);
  if (found.length === 1) return first;
  const sheets = found.map(({ table }) => table.sheet).join(', ');
  throw requestError('IMPORT_UNREADABLE', `${name} has readings on several sheets: ${sheets}`, {
    place: name,
    cure: 'import them one by one with --sheet NAME',
  });
}

interface Chosen {
  readonly table: Table;
  readonly layout: Layout;
}

type Namings = ReturnType<typeof namingOf>;

const unitKnown = (layout: Layout, { unit }: ImportOptions): boolean =>
  unit !== undefined || layout.at.unit !== undefined || layout.columns.some((column) => column.unit !== undefined);

function zoneFor(layout: Layout, { zone, registry }: ImportOptions): readonly [string, 'option' | 'header' | 'site'] {
  if (zone !== undefined) return [zone, 'option'];
  const header = layout.columns[layout.at.time ?? layout.at.date ?? -1]?.header ?? '';
  return isUtc(header) ? ['UTC', 'header'] : [registry.site.zone, 'site'];
}
