import { groupBy } from './numbers.ts';
import type { Reading } from './admission.ts';

export interface Claim {
  readonly value: bigint;
  readonly rank: number;
}

export interface Stamp extends Claim {
  readonly at: number;
  readonly other: Claim | undefined;
}

export interface Bracket {
  readonly start: number;
  readonly first: Stamp;
  readonly last: Stamp;
}

const better = (a: Claim, b: Claim): number => b.rank - a.rank || (b.value > a.value ? 1 : b.value < a.value ? -1 : 0);

/** What is claimed for one instant: the best two of the distinct values, each with its best rank. */
const stampOf = (at: number, claims: readonly Claim[]): Stamp => {
  const distinct = [...groupBy(claims, (claim) => `${claim.value}`).values()].flatMap((same) =>
    same.toSorted(better).slice(0, 1),
  );
  const [winner, other] = distinct.toSorted(better);
  if (winner === undefined) throw new Error('oracle: an instant without a claim');
  return { at, value: winner.value, rank: winner.rank, other };
};

/** Where the bracket of an instant starts: at its slot's start, or at the latest cut since. */
export const bracketStart = (at: number, slotMs: number, cuts: readonly number[]): number => {
  const slot = Math.floor(at / slotMs) * slotMs;
  return Math.max(slot, ...cuts.filter((cut) => slot < cut && cut <= at));
};

/** The brackets of one counter: of all readings ever folded, the earliest and the latest instant of each. */
export const bracketsOf = (readings: readonly Reading[], slotMs: number, cuts: readonly number[]): Bracket[] => {
  const groups = groupBy(readings, (reading) => `${bracketStart(reading.at, slotMs, cuts)}`);
  return [...groups]
    .map(([start, inside]) => {
      const instants = inside.map((reading) => reading.at).toSorted((a, b) => a - b);
      const stampAt = (at: number | undefined): Stamp => {
        const claims = inside.filter((reading) => reading.at === at);
        return stampOf(at ?? 0, claims);
      };
      return { start: Number(start), first: stampAt(instants[0]), last: stampAt(instants.at(-1)) };
    })
    .toSorted((a, b) => a.start - b.start);
};

export interface GaugeSlot {
  readonly start: number;
  readonly min: bigint;
  readonly max: bigint;
  readonly lastAt: number;
  readonly last: bigint;
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

export const gaugeSlotsOf = (readings: readonly Reading[], slotMs: number): GaugeSlot[] =>
  [...groupBy(readings, (reading) => `${Math.floor(reading.at / slotMs) * slotMs}`)].map(([start, inside]) => {
    const values = inside.map((reading) => reading.value).toSorted(ascending);
    const latest = inside.toSorted((a, b) => a.at - b.at || ascending(a.value, b.value)).at(-1);
    const [min, max] = [values[0], values.at(-1)];
    if (latest === undefined || min === undefined || max === undefined) throw new Error('oracle: an empty gauge slot');
    return { start: Number(start), min, max, lastAt: latest.at, last: latest.value };
  });
