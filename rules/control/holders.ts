import { requestError } from '#domain';
import type { Holder, Rule } from './decompose.ts';

/** A holder as a line of a table; those below it name it as their parent. */
export interface HolderRow {
  /** Where it was written, for errors. */
  readonly place: string;
  readonly id: string;
  /** Absent: it stands at the top. */
  readonly parent?: string | undefined;
  /** Whole base units. */
  readonly base?: number | undefined;
  readonly class?: string | undefined;
  /** Part of its parent's target, where the parent's rule is `share`. */
  readonly share?: number | undefined;
  /** For those below it; absent: the rule of the question. */
  readonly rule?: Rule['kind'] | undefined;
}

export interface TreeOptions {
  readonly rule: Rule['kind'];
  /** Change by class, for each holder whose rule is `classes`. */
  readonly changes: Readonly<Record<string, number>>;
  /** Name of the whole where several stand at the top. */
  readonly whole: string;
}

/** The tree that rows mean, in their order. Throws DECOMPOSITION_INVALID with the row's place. */
export function holderTree(rows: readonly HolderRow[], { rule, changes, whole }: TreeOptions): Holder {
  const known = new Map<string, HolderRow>();
  for (const row of rows) {
    if (known.has(row.id)) refuse(row, `${row.id} stands twice`);
    known.set(row.id, row);
  }
  for (const row of rows)
    if (row.parent !== undefined && !known.has(row.parent)) refuse(row, `there is no holder "${row.parent}"`);
  const below = Map.groupBy(rows, ({ parent }) => parent);
  let reached = 0;
  const treeOf = (row: HolderRow): Holder => {
    reached += 1;
    const children = below.get(row.id) ?? [];
    return {
      id: row.id,
      base: row.base,
      class: row.class,
      rule: ruleOf(row.rule ?? rule, children, changes),
      below: children.map(treeOf),
    };
  };
  const tops = below.get(undefined) ?? [];
  const [top] = tops;
  const tree =
    top && tops.length === 1 && below.has(top.id)
      ? treeOf(top)
      : { id: whole, rule: ruleOf(rule, tops, changes), below: tops.map(treeOf) };
  const astray = rows.find((row) => !reaches(row, known));
  if (astray && reached < rows.length) refuse(astray, `${astray.id} stands below itself`);
  return tree;
}

function reaches(row: HolderRow, known: ReadonlyMap<string, HolderRow>): boolean {
  let at: HolderRow | undefined = row;
  for (let steps = 0; at?.parent !== undefined; steps++) {
    if (steps > known.size) return false;
    at = known.get(at.parent);
  }
  return true;
}

function ruleOf(kind: Rule['kind'], children: readonly HolderRow[], changes: TreeOptions['changes']): Rule {
  if (kind === 'share')
    return {
      kind,
      shares: Object.fromEntries(children.flatMap(({ id, share }) => (share === undefined ? [] : [[id, share]]))),
    };
  const shared = children.find(({ share }) => share !== undefined);
  if (shared) refuse(shared, `${shared.id} has a share, but the rule that holds for it is ${kind}`);
  return kind === 'classes' ? { kind, changes } : { kind };
}

function refuse({ place }: HolderRow, message: string): never {
  throw requestError('DECOMPOSITION_INVALID', message, {
    place,
    cure: 'give each holder once, with the id of the one above it and, by the rule, its base, class or share',
  });
}
