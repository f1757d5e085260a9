import { type Rational, scaleFloor, timesFloor } from '#domain';
import type { Judged, Segment } from './judge.ts';

/** A boundary as it stands between believed readings (ledger.md, 4). */
export interface BoundaryFace {
  /** Face value at the instant, interpolated where no reading stands there. */
  readonly face: number;
  /** Since the segment's first reading. */
  readonly wraps: number;
  /** Index of the reading at or before. */
  readonly index: number;
  readonly exact: boolean;
}

/** Index of the last element ≤ x of an ascending array; −1 where there is none. */
export function lastAtOrBefore(sorted: Float64Array, x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** `at` must lie within the segment. `index`: of the reading at or before it. */
export function faceAt(
  segment: Segment,
  modulus: number | undefined,
  at: number,
  index: number = lastAtOrBefore(segment.at, at),
): BoundaryFace {
  const t = segment.at[index] ?? 0;
  const value = segment.value[index] ?? 0;
  const wraps = segment.wraps[index] ?? 0;
  const next = segment.at[index + 1];
  if (t === at || next === undefined) return folded(value, wraps, modulus, index, true);
  const moreWraps = (segment.wraps[index + 1] ?? 0) - wraps;
  const advance = (segment.value[index + 1] ?? 0) - value + moreWraps * (modulus ?? 0);
  return folded(value + scaleFloor(advance, at - t, next - t), wraps, modulus, index, false);
}

function folded(face: number, wraps: number, modulus: number | undefined, index: number, exact: boolean): BoundaryFace {
  const more = modulus === undefined ? 0 : Math.floor(face / modulus);
  return { face: face - more * (modulus ?? 0), wraps: wraps + more, index, exact };
}

/** V = floor(m × face) + wraps × floor(m × modulus), in base units (ledger.md, 5). */
export const volumeOf = ({ face, wraps }: BoundaryFace, ratio: Rational, modulus: number | undefined): number =>
  timesFloor(face, ratio) + (wraps === 0 ? 0 : wraps * timesFloor(modulus ?? 0, ratio));

/** One stretch of one segment under one multiplier. */
export interface Span {
  readonly segment: Segment;
  readonly ratio: Rational;
  readonly from: number;
  readonly to: number;
  /** Event that set the ratio. */
  readonly ratioEvent: number | null;
}

/** The spans of a judged mounting that overlap [from, to), clipped to it, in time order. */
export function spansIn(judged: Judged, from: number, to: number): readonly Span[] {
  const { ratios } = judged.mounting;
  return judged.segments.flatMap((segment) => {
    const [start, end] = [segment.at[0] ?? 0, segment.at.at(-1) ?? 0];
    if (end <= from || start >= to) return [];
    return ratios.flatMap(({ from: since, ratio, event }, i) => {
      const until = ratios[i + 1]?.from ?? Infinity;
      const [s, e] = [Math.max(start, from, since), Math.min(end, to, until)];
      return s < e ? [{ segment, ratio, from: s, to: e, ratioEvent: event }] : [];
    });
  });
}

export const spanVolume = ({ segment, ratio, from, to }: Span, modulus: number | undefined): number =>
  volumeOf(faceAt(segment, modulus, to), ratio, modulus) - volumeOf(faceAt(segment, modulus, from), ratio, modulus);

/** usage([from, to)) of one mounting, base units. Telescopes. */
export const usageOf = (judged: Judged, from: number, to: number): number =>
  spansIn(judged, from, to).reduce((sum, span) => sum + spanVolume(span, judged.mounting.modulus), 0);

/** usage of each [cuts[i], cuts[i + 1]) of one mounting, cuts ascending: what `usageOf` says of each, in one walk along the readings. */
export function usagesBetween(judged: Judged, cuts: Float64Array): Float64Array {
  const amounts = new Float64Array(Math.max(0, cuts.length - 1));
  const [first = Infinity] = cuts;
  for (const span of spansIn(judged, first, cuts.at(-1) ?? first))
    addSpan(amounts, cuts, span, judged.mounting.modulus);
  return amounts;
}

function addSpan(
  amounts: Float64Array,
  cuts: Float64Array,
  { segment, ratio, from, to }: Span,
  modulus: number | undefined,
): void {
  let index = lastAtOrBefore(segment.at, from);
  let before = volumeOf(faceAt(segment, modulus, from, index), ratio, modulus);
  for (let i = lastAtOrBefore(cuts, from); (cuts[i] ?? to) < to; i++) {
    const end = Math.min(cuts[i + 1] ?? to, to);
    while ((segment.at[index + 1] ?? Infinity) <= end) index++;
    const volume = volumeOf(faceAt(segment, modulus, end, index), ratio, modulus);
    amounts[i] = (amounts[i] ?? 0) + (volume - before);
    before = volume;
  }
}
