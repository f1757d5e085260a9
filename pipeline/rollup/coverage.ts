import { type Interval, slotStart } from '#domain';
import { isGap, type Judged } from '../ledger/judge.ts';

/** What is known of a mounting's evidence without its readings: sparse, and enough for the coverage of any period. */
export interface EvidenceOutline {
  readonly mounting: string;
  /** First and last believed reading. */
  readonly evidence: Interval;
  /** Two believed readings with at least two slot boundaries between them; also explained breaks, of any length. */
  readonly gaps: readonly Interval[];
  /** Unexplained. */
  readonly breaks: readonly Interval[];
}

/** The same as far as a mounting was judged; undefined where nothing is believed. */
export function outlineOf({ mounting, evidence, findings, breaks }: Judged): EvidenceOutline | undefined {
  return (
    evidence && {
      mounting: mounting.id,
      evidence: { from: evidence.firstAt, to: evidence.lastAt },
      gaps: [...findings.filter((f) => f.kind === 'gap'), ...breaks.filter((b) => b.explained)],
      breaks: breaks.filter((b) => !b.explained),
    }
  );
}

/** What an outline says of a period, and not of the time after it, in which a meter is read on. */
export function outlineWithin(outline: EvidenceOutline, { from, to }: Interval, slotMs: number): EvidenceOutline {
  const clip = (at: number): number => Math.min(Math.max(at, from), to);
  return {
    ...outline,
    evidence: { from: clip(outline.evidence.from), to: clip(outline.evidence.to) },
    gaps: outline.gaps.filter((gap) => slotStart(gap.from, slotMs) < to),
    breaks: outline.breaks.filter((open) => slotStart(open.from, slotMs) < to),
  };
}

/** What evidences a point. */
export interface PointMeters {
  readonly mountings: readonly string[];
  /** Of one that was given up: from then on it is known to use nothing. Else Infinity. */
  readonly until: number;
}

/** How what stands beside amounts is told; 1: as closes of before 2 were issued, in which a point that was given up and read on counts twice. */
export type Edition = 1 | 2;

/** The outlines of points, each found among all. */
export function evidenceOf(
  all: readonly EvidenceOutline[],
  edition: Edition = 2,
): (points: readonly PointMeters[]) => readonly (readonly EvidenceOutline[])[] {
  const of = new Map(all.map((outline) => [outline.mounting, outline]));
  return (points) =>
    points.map(({ mountings, until }) => {
      const known = mountings.flatMap((id) => of.get(id) ?? []);
      if (until === Infinity) return known;
      // one that is read on is not evidenced twice
      const before =
        edition === 1
          ? known
          : known.map((o) => ({ ...o, evidence: { ...o.evidence, to: Math.min(o.evidence.to, until) } }));
      return [...before, { ...NOTHING, evidence: { from: until, to: Infinity } }];
    });
}

const NOTHING = { mounting: '', gaps: [], breaks: [] };

const ceilSlot = (at: number, slotMs: number): number => slotStart(at + slotMs - 1, slotMs);

/** Length of what is left of `whole` after taking out intervals that may overlap. */
function lengthWithout(whole: Interval, out: readonly Interval[]): number {
  let [left, cursor] = [0, whole.from];
  for (const { from, to } of out.toSorted((a, b) => a.from - b.from)) {
    left += Math.max(0, Math.min(from, whole.to) - cursor);
    cursor = Math.max(cursor, to);
  }
  return left + Math.max(0, whole.to - cursor);
}

/**
 * Milliseconds of a period whose energy is evidenced (ledger.md, 5): not the slots of an open break, and not those around a gap, unless
 * both its readings lie in the period or within one slot of its ends.
 */
export function evidencedMsOf(outlines: readonly EvidenceOutline[], { from, to }: Interval, slotMs: number): number {
  return outlines.reduce((sum, { evidence, gaps, breaks }) => {
    const whole = { from: Math.max(from, evidence.from), to: Math.min(to, evidence.to) };
    if (whole.from >= whole.to) return sum;
    if (gaps.length === 0 && breaks.length === 0) return sum + (whole.to - whole.from);
    const unplaced = gaps.filter((g) => isGap(g.from, g.to, slotMs) && (g.from < from - slotMs || g.to > to + slotMs));
    const out = [...unplaced, ...breaks].map((g) => ({ from: slotStart(g.from, slotMs), to: ceilSlot(g.to, slotMs) }));
    return sum + lengthWithout(whole, out);
  }, 0);
}

/** Share of the period, up to `now` where it has not ended, that is evidenced: the mean over the points. 0 where nothing has passed. */
export const coverageOf = (
  points: readonly (readonly EvidenceOutline[])[],
  period: Interval,
  now: number,
  slotMs: number,
): number => coverageWithin(points, period, now, slotMs)(period);

/** The same of any part of `whole`. What is evidenced from end to end of the whole, as most is, is so in every part. */
export function coverageWithin(
  points: readonly (readonly EvidenceOutline[])[],
  whole: Interval,
  now: number,
  slotMs: number,
): (part: Interval) => number {
  const end = Math.min(whole.to, now);
  const isUnbroken = ({ evidence, gaps, breaks }: EvidenceOutline): boolean =>
    gaps.length === 0 && breaks.length === 0 && evidence.from <= whole.from && evidence.to >= end;
  const shares = points.map((outlines) =>
    outlines.some(isUnbroken)
      ? () => 1
      : (part: Interval) => Math.min(1, evidencedMsOf(outlines, part, slotMs) / (part.to - part.from)),
  );
  return ({ from, to }) => {
    const part = { from, to: Math.min(to, now) };
    if (part.to <= part.from || shares.length === 0) return 0;
    return shares.reduce((sum, share) => sum + share(part), 0) / shares.length;
  };
}
