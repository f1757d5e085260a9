import { big, floorDiv } from './numbers.ts';
import type { Point } from './sequence.ts';

const SIX_HOURS = 21_600_000;
const LOOK_BACK = 30;
const BREAK_COST = 4;
const ADMITTED_COST = 1000;

/** What is known about the face and the rating of a mounting, in face units. */
export interface Face {
  readonly modulus: bigint | undefined;
  readonly maxRate: bigint | undefined;
  readonly backlash: bigint;
}

export const faceOf = (json: {
  readonly modulus?: number | undefined;
  readonly maxRate?: number | undefined;
  readonly backlash?: number | undefined;
}): Face => {
  const maxRate = json.maxRate === undefined ? undefined : big(json.maxRate);
  const byRate = maxRate === undefined ? 0n : floorDiv(maxRate, 60n);
  return {
    modulus: json.modulus === undefined ? undefined : big(json.modulus),
    maxRate,
    backlash: json.backlash === undefined ? byRate : big(json.backlash),
  };
};

type Instant = Pick<Point, 'at' | 'value'>;

/** The advance from a to a later b that physics allows, or undefined (ledger.md, 4). */
export const step = (face: Face, a: Instant, b: Instant): bigint | undefined => {
  const d = b.value - a.value;
  const { modulus, maxRate, backlash } = face;
  if (maxRate === undefined) {
    if (d >= 0n) return d;
    const wraps = modulus !== undefined && 10n * a.value >= 9n * modulus && 10n * b.value < modulus;
    return wraps ? d + modulus : undefined;
  }
  // cap = 1.2 × maxRate per hour × Δt, as a multiple of 1/36,000,000
  const cap = 12n * maxRate * big(Math.max(b.at - a.at, 60_000));
  const withinCap = (advance: bigint): boolean => advance * 36_000_000n <= cap;
  if (-backlash <= d && withinCap(d)) return d;
  if (modulus === undefined || 2n * cap >= modulus * 36_000_000n) return undefined;
  return withinCap(d + modulus) ? d + modulus : undefined;
};

/** What lies between two neighbours of the path. */
export type Link =
  | { readonly kind: 'step'; readonly books: bigint }
  | { readonly kind: 'break'; readonly explained: true; readonly books: bigint }
  | { readonly kind: 'break'; readonly explained: false; readonly books: 0n };

export const linkOf = (face: Face, a: Point, b: Point): Link => {
  const advance = step(face, a, b);
  if (advance !== undefined) return { kind: 'step', books: advance };
  if (b.amount !== undefined) return { kind: 'break', explained: true, books: b.amount };
  if (!a.admitted && !b.admitted) return { kind: 'break', explained: false, books: 0n };
  const d = b.value - a.value;
  return { kind: 'break', explained: true, books: d >= 0n ? d : 0n };
};

/** Cost of leaving out each reading. */
export const weightsOf = (points: readonly Point[]): number[] => {
  const natural = points.map((point, i) => {
    const before = points[i - 1];
    return before === undefined ? 1 : Math.min(4, Math.max(1, Math.floor((point.at - before.at) / SIX_HOURS)));
  });
  const first = natural[1] ?? 1;
  return points.map((point, i) => (point.admitted ? ADMITTED_COST : i === 0 ? first : (natural[i] ?? 1)));
};

interface Best {
  readonly cost: number;
  readonly breaks: number;
  /** -1: the path starts here. */
  readonly from: number;
}

/** Lower cost, then fewer breaks, then the later one; a path that starts here keeps a tie against any predecessor. */
const cheapest = (candidates: readonly Best[]): Best | undefined =>
  candidates.toSorted((a, b) => a.cost - b.cost || a.breaks - b.breaks || recency(b) - recency(a))[0];

const recency = ({ from }: Best): number => (from === -1 ? Infinity : from);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** Indices of the readings that the cheapest explanation believes. */
export const believedOf = (face: Face, points: readonly Point[]): number[] => {
  const weights = weightsOf(points);
  const leftOut = (from: number, to: number): number => sum(weights.slice(from, to));
  const best: Best[] = [];
  for (const [i, point] of points.entries()) {
    const candidates: Best[] = i <= LOOK_BACK ? [{ cost: leftOut(0, i), breaks: 0, from: -1 }] : [];
    for (let j = Math.max(0, i - LOOK_BACK - 1); j < i; j += 1) {
      const [before, known] = [points[j], best[j]];
      if (before === undefined || known === undefined) continue;
      const broken = linkOf(face, before, point).kind === 'break' ? 1 : 0;
      const cost = known.cost + leftOut(j + 1, i) + BREAK_COST * broken;
      candidates.push({ cost, breaks: known.breaks + broken, from: j });
    }
    const chosen = cheapest(candidates);
    if (chosen === undefined) throw new Error('oracle: a reading without a path');
    best.push(chosen);
  }
  const ends = best
    .map(({ cost, breaks }, i) => ({ cost: cost + leftOut(i + 1, points.length), breaks, from: i }))
    .slice(-LOOK_BACK - 1);
  const path: number[] = [];
  for (let i = cheapest(ends)?.from ?? -1; i >= 0; i = best[i]?.from ?? -1) path.unshift(i);
  return path;
};
