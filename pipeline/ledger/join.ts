import type { Bracket, GaugeSlot, Rank, Stamp } from '#domain';

const greater = (valueA: number, rankA: Rank, valueB: number, rankB: Rank): boolean =>
  rankA > rankB || (rankA === rankB && valueA > valueB);

/** Joins a claim into a stamp of the same instant: the top two of the set of (rank, value), each value at its best rank. */
export function joinClaim(stamp: Stamp, value: number, rank: Rank): Stamp {
  const { other } = stamp;
  if (value === stamp.value) return rank > stamp.rank ? { ...stamp, rank } : stamp;
  if (greater(value, rank, stamp.value, stamp.rank)) {
    return { at: stamp.at, value, rank, other: { value: stamp.value, rank: stamp.rank } };
  }
  if (!other || greater(value, rank, other.value, other.rank)) return { ...stamp, other: { value, rank } };
  return stamp;
}

/** Joins a reading into its bracket: first = the one with the smaller `at`, last = the one with the larger (ledger.md, 3.2). Gives the same object where nothing changes. */
export function joinReading(bracket: Bracket, at: number, value: number, rank: Rank): Bracket {
  const first =
    at < bracket.first.at
      ? { at, value, rank }
      : at === bracket.first.at
        ? joinClaim(bracket.first, value, rank)
        : bracket.first;
  const last =
    at > bracket.last.at
      ? { at, value, rank }
      : at === bracket.last.at
        ? joinClaim(bracket.last, value, rank)
        : bracket.last;
  return first === bracket.first && last === bracket.last ? bracket : { start: bracket.start, first, last };
}

const joinStamp = (bracket: Bracket, { at, value, rank, other }: Stamp): Bracket => {
  const joined = joinReading(bracket, at, value, rank);
  return other ? joinReading(joined, at, other.value, other.rank) : joined;
};

/** Joins two brackets of the same start. */
export const joinBrackets = (a: Bracket, b: Bracket): Bracket => joinStamp(joinStamp(a, b.first), b.last);

export const bracketOf = (start: number, at: number, value: number, rank: Rank): Bracket => {
  const stamp = { at, value, rank };
  return { start, first: stamp, last: stamp };
};

export function joinGauge(slot: GaugeSlot, at: number, value: number): GaugeSlot {
  const later = at > slot.lastAt || (at === slot.lastAt && value > slot.last);
  if (!later && value >= slot.min && value <= slot.max) return slot;
  return {
    start: slot.start,
    min: Math.min(slot.min, value),
    max: Math.max(slot.max, value),
    lastAt: later ? at : slot.lastAt,
    last: later ? value : slot.last,
  };
}

export const joinGauges = (a: GaugeSlot, b: GaugeSlot): GaugeSlot =>
  joinGauge({ ...a, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }, b.lastAt, b.last);
