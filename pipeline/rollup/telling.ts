import type { Interval } from '#domain';
import { coverageOf, coverageWithin, evidencedMsOf, type EvidenceOutline } from './coverage.ts';

/** How well a row is evidenced, and whether readings may still change it. */
interface Told {
  readonly coverage: number;
  readonly provisional: boolean;
}

export type Telling = (row: Interval) => Told;

type Outlines = readonly EvidenceOutline[];

/** Last believed reading; nothing is open of what has never been read. */
const lastOf = (outlines: Outlines): number =>
  outlines.length === 0 ? Infinity : Math.max(...outlines.map((o) => o.evidence.to));

/** Of rows within `whole`: the mean over the points. */
export function tellingOf(points: readonly Outlines[], whole: Interval, now: number, slotMs: number): Telling {
  const coverage = coverageWithin(points, whole, now, slotMs);
  const evidenced = Math.min(now, ...points.map(lastOf));
  return (row) => ({ coverage: coverage(row), provisional: row.to > evidenced });
}

/** What a party bears of a point: for how long, with the evidence of the point and of what divides it. */
interface Borne extends Interval {
  readonly own: Outlines;
  readonly dividers: readonly Outlines[];
}

/**
 * Of a party: each point counts for the time in which the party bears it. While a sub-meter that divides it is silent, nothing is known of its parts. A row of which the
 * party bears nothing is told like its points.
 */
export function partyTelling(
  all: readonly Borne[],
  points: readonly Outlines[],
  whole: Interval,
  now: number,
  slotMs: number,
): Telling {
  const plain = tellingOf(points, whole, now, slotMs);
  const borne = all.filter(({ from, to }) => from < whole.to && to > whole.from);
  const isAlways = ({ from, to, dividers }: Borne): boolean =>
    dividers.length === 0 && from <= whole.from && to >= whole.to;
  if (borne.length === points.length && borne.every(isAlways)) return plain;
  return (row) => {
    const held = borne.flatMap((b) => {
      const part = { from: Math.max(row.from, b.from), to: Math.min(row.to, b.to) };
      return part.from < part.to ? [{ part, meters: [b.own, ...b.dividers] }] : [];
    });
    if (held.length === 0) return plain(row);
    const passed = held
      .map(({ part, meters }) => ({ meters, part: { from: part.from, to: Math.min(part.to, now) } }))
      .filter(({ part }) => part.from < part.to);
    const evidenced = passed.map(({ meters, part }) =>
      Math.min(part.to - part.from, ...meters.map((of) => evidencedMsOf(of, part, slotMs))),
    );
    const length = sum(passed.map(({ part }) => part.to - part.from));
    return {
      coverage: length === 0 ? 0 : sum(evidenced) / length,
      provisional: row.to > now || held.some(({ part, meters }) => meters.some((of) => lastOf(of) < part.to)),
    };
  };
}

/** Share of a period of which the meters that divide a point say something: the least of them, each lacking only in the time in which it divides. */
export function dividedShare(
  times: readonly Pick<Borne, 'from' | 'to' | 'dividers'>[],
  period: Interval,
  slotMs: number,
): number {
  const shares = times.flatMap(({ from, to, dividers }) => {
    const part = { from: Math.max(from, period.from), to: Math.min(to, period.to) };
    const weight = Math.max(0, part.to - part.from) / (period.to - period.from);
    return dividers.map((of) => 1 - weight * (1 - coverageOf([of], part, part.to, slotMs)));
  });
  return Math.min(1, ...shares);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
