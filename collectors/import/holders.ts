import { requestError } from '#domain';
import { parse } from 'yaml';
import { z } from 'zod';
import { readImportFile } from './file.ts';
import { readTables, type Table } from './table.ts';
import { textOf } from './time.ts';

/** A holder of a part of a target as it is written. */
export interface HolderDraft {
  /** `plan.csv:3`, `plan.yaml: below[0].below[2]`. */
  readonly place: string;
  readonly id: string;
  readonly parent?: string | undefined;
  readonly base?: string | undefined;
  readonly class?: string | undefined;
  readonly share?: string | undefined;
  readonly rule?: string | undefined;
}

type Column = Exclude<keyof HolderDraft, 'place'>;

const WORDS: Readonly<Record<Column, readonly string[]>> = {
  id: ['id', '标识', '名称', '对象', 'name', 'holder'],
  parent: ['parent', '上级', '所属'],
  base: ['base', '基数', '基准年用量', '基期'],
  class: ['class', '类别', '分类'],
  share: ['share', '份额', '比例'],
  rule: ['rule', '规则', '分解规则'],
};
const COLUMNS = Object.keys(WORDS) as Column[]; // keys of WORDS

/**
 * Holders of a YAML file (a tree: `below`) or of a CSV or XLSX file (rows that name their `parent`) as texts. Throws IMPORT_UNREADABLE,
 * IMPORT_COLUMNS_UNKNOWN, DECOMPOSITION_INVALID with the place.
 */
export async function readHoldersFile(path: string): Promise<readonly HolderDraft[]> {
  const { bytes, name } = await readImportFile(path);
  if (/\.ya?ml$/i.test(name)) return holdersOfYaml(new TextDecoder().decode(bytes), name);
  const tables = await readTables(bytes, name, {});
  for (const table of tables) {
    const found = draftsOf(table, name);
    if (found) return found;
  }
  throw requestError('IMPORT_COLUMNS_UNKNOWN', `${name} has no column id`, {
    place: name,
    cure: `head the columns ${COLUMNS.join(', ')}; only id is needed`,
  });
}

function draftsOf({ rows }: Table, name: string): readonly HolderDraft[] | undefined {
  const columnOf = (text: string): Column | undefined =>
    COLUMNS.find((column) => WORDS[column].includes(text.trim().toLowerCase()));
  const at = rows.findIndex((row) => row.some((cell) => columnOf(textOf(cell)) === 'id'));
  if (at < 0) return undefined;
  const head = (rows[at] ?? []).map((cell) => columnOf(textOf(cell)));
  return rows.slice(at + 1).flatMap((row, i) => {
    const cells = head.flatMap((column, k) => {
      const text = textOf(row[k] ?? null).trim();
      return column === undefined || text === '' ? [] : [[column, text] as const];
    });
    if (cells.length === 0) return [];
    return [{ id: '', ...Object.fromEntries(cells), place: `${name}:${at + i + 2}` }];
  });
}

const text = z.union([z.string(), z.number()]).transform(String);
const holder = z.strictObject({
  id: text,
  base: text.optional(),
  class: text.optional(),
  share: text.optional(),
  rule: text.optional(),
  get below() {
    return z.array(holder).optional();
  },
});

function holdersOfYaml(content: string, name: string): readonly HolderDraft[] {
  const read = holder.safeParse(valueOf(content, name));
  if (read.success) return flat(read.data, undefined, name, '');
  const [issue] = read.error.issues;
  const where = (issue?.path ?? []).map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  throw requestError('DECOMPOSITION_INVALID', issue?.message ?? 'no holders', {
    place: `${name}: ${where.join('').replace(/^\./, '')}`,
    cure: 'write id, base, class, share, rule, below: each holder of `below` the same again',
  });
}

function valueOf(content: string, name: string): unknown {
  try {
    return parse(content);
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
    throw requestError('IMPORT_UNREADABLE', `${name} is no YAML: ${message}`, {
      place: name,
      cure: 'correct that line',
      cause,
    });
  }
}

const flat = (
  { below, ...own }: z.infer<typeof holder>,
  parent: string | undefined,
  name: string,
  path: string,
): readonly HolderDraft[] => [
  { ...own, parent, place: `${name}: ${path === '' ? own.id : path}` },
  ...(below ?? []).flatMap((child, i) => flat(child, own.id, name, `${path}${path === '' ? '' : '.'}below[${i}]`)),
];
