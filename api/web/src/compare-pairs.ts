import type { UsageAnswer } from '../../../pipeline/answers.ts';

type Row = UsageAnswer['rows'][number];

export interface Pair {
  readonly label: string;
  readonly now: Row | undefined;
  readonly before: Row | undefined;
}

/** Days of two weeks by their place; hours of two days by the wall clock, which a change of clocks lets skip one or show one twice. */
export function pairsOf(
  now: readonly Row[],
  before: readonly Row[],
  weekdays: readonly string[] | undefined,
): readonly Pair[] {
  if (weekdays) return weekdays.map((label, i) => ({ label, now: now[i], before: before[i] }));
  const [ours, theirs] = [byWallClock(now), byWallClock(before)];
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .toSorted()
    .map((time) => ({ label: time.slice(0, 2), now: ours.get(time), before: theirs.get(time) }));
}

function byWallClock(rows: readonly Row[]): ReadonlyMap<string, Row> {
  const byTime = new Map<string, Row>();
  for (const row of rows) {
    const time = row.from.slice(11, 16);
    byTime.set(byTime.has(time) ? `${time} again` : time, row);
  }
  return byTime;
}
