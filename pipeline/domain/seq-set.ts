/** Sequence numbers [from, to). */
export type SeqRange = readonly [from: number, to: number];

/** Sequence numbers as disjoint ranges in ascending order, none touching the next. */
export type SeqSet = readonly SeqRange[];

/** The set with one more range; what overlaps or touches becomes one. */
export function addSeqs(set: SeqSet, [from, to]: SeqRange): SeqSet {
  if (to <= from) return set;
  const before = set.filter((range) => range[1] < from);
  const after = set.filter((range) => range[0] > to);
  const joined = set.slice(before.length, set.length - after.length);
  const first = Math.min(from, joined[0]?.[0] ?? from);
  const last = Math.max(to, joined.at(-1)?.[1] ?? to);
  return [...before, [first, last], ...after];
}

export const seqSetOf = (ranges: Iterable<SeqRange>): SeqSet => [...ranges].reduce<SeqSet>(addSeqs, []);

export const hasSeq = (set: SeqSet, seq: number): boolean => set.some(([from, to]) => from <= seq && seq < to);

export const countSeqs = (set: SeqSet): number => set.reduce((sum, [from, to]) => sum + to - from, 0);

/** What of `whole` is not in the set. */
export function seqsOutside(set: SeqSet, [from, to]: SeqRange): SeqSet {
  const gaps: SeqRange[] = [];
  let at = from;
  for (const [start, end] of set) {
    if (end <= at) continue;
    if (start >= to) break;
    if (start > at) gaps.push([at, start]);
    at = end;
  }
  if (at < to) gaps.push([at, to]);
  return gaps;
}
