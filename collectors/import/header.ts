import { isUnit, type MeteringError, requestError } from '#domain';
import { suggest } from '../site/nearest.ts';
import { COLUMN_NAMES } from './names.ts';
import { COLUMN_ROLES, type ColumnRole, type UnderstoodColumn } from './outcome.ts';
import type { Cell, Table } from './table.ts';
import { textOf } from './time.ts';

/** Which column is what, by its name in the file or its number from 1. */
export type ColumnMap = Readonly<Partial<Record<ColumnRole, string>>>;

export interface HeaderName {
  /** Without the unit. */
  readonly name: string;
  readonly unit?: string | undefined;
}

/** "p-main (kWh)", "读数（m³）", "读数（单位：度）", "register_m3": the name and its unit. */
export function splitHeader(header: string): HeaderName {
  const bracketed = /^(.*?)\s*[(（[【]\s*(?:单位\s*[:：])?\s*([^()（）[\]【】]+?)\s*[)）\]】]$/.exec(header);
  const tailed = bracketed ?? /^(.+?)[_\s/]([^_\s/]+)$/.exec(header);
  const [, name, unit] = tailed ?? [];
  const known = unit !== undefined && isUnit(unit);
  return known && name !== undefined && name !== '' ? { name, unit } : { name: header };
}

export const isUtc = (header: string): boolean => /\b(?:utc|gmt)\b/i.test(header.replaceAll('_', ' '));

const plain = (text: string): string => text.toLowerCase().replace(/[\s_.:：*-]/g, '');

function roleOf({ name, unit }: HeaderName): ColumnRole | undefined {
  const key = plain(name.replace(/[(（].*$/, '').replace(/[_\s](?:utc|gmt)$/i, ''));
  // "register (m3)" is a value: what has a unit is no name
  if (unit !== undefined)
    return COLUMN_NAMES.value.includes(key) || COLUMN_NAMES.register.includes(key) ? 'value' : undefined;
  return COLUMN_ROLES.find((role) => COLUMN_NAMES[role].includes(key));
}

export interface Layout {
  readonly form: 'long' | 'wide';
  /** Index of the row with the names. */
  readonly headerRow: number;
  readonly columns: readonly UnderstoodColumn[];
  /** Indices of columns. */
  readonly at: Readonly<Partial<Record<ColumnRole, number>>>;
  /** Wide form: columns that are registers. */
  readonly series: readonly { readonly index: number; readonly header: HeaderName }[];
}

export interface LayoutHints {
  readonly columns?: ColumnMap | undefined;
  /** All values are of this one; then no column has to name it. */
  readonly register?: string | undefined;
  /** Whether a name means a register, to tell series from other columns in wide form. */
  readonly means: (name: string) => boolean;
}

const HEADER_WITHIN = 30;

/**
 * Finds the row of names among the first, below titles: a time, and either register and value (long), or columns whose
 * names are registers (wide). Nothing where it cannot be told.
 */
export function layoutOf(table: Table, hints: LayoutHints): Layout | undefined {
  for (const [i, row] of table.rows.slice(0, HEADER_WITHIN).entries()) {
    const layout = layoutAt(row, i, hints);
    if (layout) return layout;
  }
  return undefined;
}

function layoutAt(row: readonly Cell[], headerRow: number, hints: LayoutHints): Layout | undefined {
  const headers = row.map((cell) => (typeof cell === 'string' ? cell.trim().replace(/^\ufeff/, '') : textOf(cell)));
  const at = { ...foundRoles(headers, hints), ...mappedRoles(headers, hints.columns) };
  if (Object.values(at).includes(-1)) return undefined;
  if (at.time === undefined && at.date === undefined) return undefined;
  const names = headers.map(splitHeader);
  const taken = new Set(Object.values(at));
  const named = at.register !== undefined || at.device !== undefined || hints.register !== undefined;
  const long = named && at.value !== undefined;
  const series = long
    ? []
    : names.flatMap((header, index) => (!taken.has(index) && hints.means(header.name) ? [{ index, header }] : []));
  if (!long && series.length === 0) return undefined;
  const columns = headers.map((header, index): UnderstoodColumn => {
    const role = COLUMN_ROLES.find((one) => at[one] === index);
    const isSeries = series.some((one) => one.index === index);
    const unit = role === 'value' || isSeries ? names[index]?.unit : undefined;
    return { column: index + 1, header, role: isSeries ? 'value' : (role ?? 'ignored'), ...(unit ? { unit } : {}) };
  });
  return { form: long ? 'long' : 'wide', headerRow, columns, at, series };
}

type Roles = Partial<Record<ColumnRole, number>>;

function foundRoles(headers: readonly string[], { means }: LayoutHints): Roles {
  const roles: Roles = {};
  for (const [index, header] of headers.entries()) {
    const role = roleOf(splitHeader(header));
    if (role !== undefined && roles[role] === undefined && !means(splitHeader(header).name)) roles[role] = index;
  }
  // one column of either name is enough: a device alone is what the register is called
  return roles;
}

function mappedRoles(headers: readonly string[], map: ColumnMap = {}): Roles {
  const roles: Roles = {};
  for (const role of COLUMN_ROLES) {
    const wanted = map[role];
    if (wanted !== undefined) roles[role] = indexOfColumn(wanted, headers);
  }
  return roles;
}

/** By name or by number from 1; -1 for one that this row does not have. */
function indexOfColumn(wanted: string, headers: readonly string[]): number {
  const exact = headers.indexOf(wanted);
  if (exact >= 0) return exact;
  const similar = headers.findIndex((header) => plain(header) === plain(wanted));
  if (similar >= 0) return similar;
  return /^\d+$/.test(wanted) && Number(wanted) <= headers.length ? Number(wanted) - 1 : -1;
}

const SYNONYMS: Readonly<Record<string, ColumnRole>> = {
  meter: 'register',
  point: 'register',
  serial: 'register',
  reading: 'value',
};

/** "meter=Zähler", "time=2": pairs as the command line has them. Throws IMPORT_MAP_INVALID. */
export function parseColumnMap(pairs: readonly string[]): ColumnMap {
  const map: Partial<Record<ColumnRole, string>> = {};
  for (const pair of pairs) {
    const [, key = '', column = ''] = /^\s*([^=]+?)\s*=\s*(.+?)\s*$/.exec(pair) ?? [];
    const role = SYNONYMS[key] ?? COLUMN_ROLES.find((one) => one === key);
    if (role === undefined) {
      throw requestError('IMPORT_MAP_INVALID', `"${pair}" does not say which column is what`, {
        cure: `write role=NAME; roles are ${COLUMN_ROLES.join(', ')}`,
      });
    }
    map[role] = column;
  }
  return map;
}

export function columnsUnknown(table: Table | undefined, name: string, map: ColumnMap = {}): MeteringError {
  const first = table?.rows.find((row) => row.filter((cell) => textOf(cell) !== '').length > 1) ?? [];
  const headers = first.map(textOf).filter((header) => header !== '');
  const seen = headers.join(' | ').slice(0, 300);
  const missing = Object.values(map).filter((wanted) => indexOfColumn(wanted, headers) < 0);
  if (missing.length > 0) {
    const names = missing.map((wanted) => `"${wanted}"`).join(', ');
    return requestError('IMPORT_COLUMNS_UNKNOWN', `${name} has no column ${names}; found: ${seen}`, {
      place: `--column ${missing.join(', ')}`,
      cure: missing.map((wanted) => suggest(wanted, headers).en).join(' '),
    });
  }
  return requestError(
    'IMPORT_COLUMNS_UNKNOWN',
    `${name}: no row of names tells time, register and value; found: ${seen}`,
    {
      place: name,
      cure: 'name the columns, such as --column register=表号 time=抄表时间 value=读数, or head them with points, such as "p-main (kWh)"',
    },
  );
}
