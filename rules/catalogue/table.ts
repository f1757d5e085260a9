import { catalogueError } from '#domain';
import type { DataTable } from './schema.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One row with everything its table shares, before its meaning is checked. `place` is file and row, for people. */
export interface RawRow {
  readonly id: string;
  readonly place: string;
  readonly fields: Fields;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Nested fields join; of two plain values the row's own wins. */
function join(shared: Fields, own: Fields): Fields {
  const joined: Record<string, unknown> = { ...shared };
  for (const [key, value] of Object.entries(own)) {
    const below = joined[key];
    joined[key] = isFields(below) && isFields(value) ? join(below, value) : value;
  }
  return joined;
}

const nest = (path: string, value: unknown): Fields =>
  path
    .split('.')
    .toReversed()
    .reduce<unknown>((inner, key) => ({ [key]: inner }), value) as Fields; // a path has at least one part

function cellsOf(row: unknown, columns: readonly string[] | undefined, place: string): Fields {
  if (!Array.isArray(row)) return row as Fields; // zod has seen that it is an array or a record
  if (columns?.length !== row.length)
    throw catalogueError(
      'CATALOGUE_ROW_INVALID',
      `${place} has ${row.length} cells for ${columns?.length ?? 0} columns`,
      {
        place,
        cure: 'give every column a cell; an empty one is null',
      },
    );
  return columns.reduce<Fields>(
    (fields, column, cell) => (row[cell] === null ? fields : join(fields, nest(column, row[cell]))),
    {},
  );
}

const at = (fields: Fields, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, key) => (isFields(inner) ? inner[key] : undefined), fields);

function nameOf(fields: Fields, named: readonly string[] | undefined): string {
  if (!named) return typeof fields['row'] === 'string' ? fields['row'] : '';
  return named
    .map((path) => at(fields, path))
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .map((part) => `${part}`.toLowerCase())
    .join('-')
    .replaceAll(/[\s/:]+/g, '-');
}

/** Rows of one table with their ids (`<file>/<row>`). */
export function rowsOf(file: string, table: DataTable, number: number): RawRow[] {
  return table.rows.map((own, index) => {
    const place = `${file}.yaml, table ${number + 1}, row ${index + 1}`;
    const { row: _row, ...fields } = join(table.shared, cellsOf(own, table.columns, place));
    const name = nameOf({ ...fields, row: _row }, table.named);
    if (name === '')
      throw catalogueError('CATALOGUE_ROW_INVALID', `${place} has no name`, {
        place,
        cure: 'give the row a field `row`, or the table `named`',
      });
    return { id: `${file}/${name}`, place: `${place} (${name})`, fields };
  });
}
