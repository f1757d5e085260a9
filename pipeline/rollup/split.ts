import type { Interval } from '#domain';
import type { Split } from '../answers.ts';

/** What a row adds up, before it is put into words. */
export interface RawRow extends Interval {
  readonly amount: number;
  readonly split: Split;
}

/** What a subject used on a local day; signed. */
export interface SplitDay {
  readonly day: number;
  readonly amount: number;
  readonly split: Split;
}

export const NO_SPLIT: Split = { measured: 0, interpolated: 0, manual: 0, disputed: 0 };

export const addSplit = (a: Split, b: Split, sign: 1 | -1 = 1): Split => ({
  measured: a.measured + sign * b.measured,
  interpolated: a.interpolated + sign * b.interpolated,
  manual: a.manual + sign * b.manual,
  disputed: a.disputed + sign * b.disputed,
});

/** Adds to a split that nobody else has. */
export function addInto(sum: Split, more: Split): void {
  sum.measured += more.measured;
  sum.interpolated += more.interpolated;
  sum.manual += more.manual;
  sum.disputed += more.disputed;
}

const QUALITY_KEYS = ['measured', 'interpolated', 'manual', 'disputed'] as const;

/** A part of an amount, split by quality like the whole: largest remainder, ties in the order of the qualities. Adds up to the part; each share must be a safe integer. */
export function splitLike(part: number, whole: Split & { readonly amount: number }): Split {
  const { measured, interpolated, manual, disputed } = whole;
  if (whole.amount === 0) return { measured: part, interpolated: 0, manual: 0, disputed: 0 };
  if (part === whole.amount && measured + interpolated + manual + disputed === part)
    return { measured, interpolated, manual, disputed };
  const [p, w] = [BigInt(part), BigInt(whole.amount)];
  const exact = QUALITY_KEYS.map((key) => {
    const product = BigInt(whole[key]) * p;
    const floor = product / w;
    const rest = product - floor * w;
    return { key, floor, weight: rest < 0n !== w < 0n ? -abs(rest) : abs(rest) };
  });
  let left = p - exact.reduce((sum, e) => sum + e.floor, 0n);
  const unit = left < 0n ? -1n : 1n;
  const result = { measured: 0, interpolated: 0, manual: 0, disputed: 0 };
  for (const { key, floor } of exact.toSorted((a, b) => Number(unit * (b.weight - a.weight)))) {
    const extra = left !== 0n ? unit : 0n;
    left -= extra;
    result[key] = Number(floor + extra);
  }
  return result;
}

const abs = (x: bigint): bigint => (x < 0n ? -x : x);
