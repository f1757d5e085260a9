import { type Interval, slotStart } from '#domain';
import type { Judged } from './judge.ts';
import { lastAtOrBefore, usagesBetween } from './volume.ts';

export const QUALITIES = ['measured', 'interpolated', 'disputed'] as const;
export type Quality = (typeof QUALITIES)[number];

/** Part of a slot, [from, to), in which a mounting has evidence. */
export interface SlotUsage extends Interval {
  readonly amount: number;
  readonly quality: Quality;
  /** Between which believed readings an interpolated boundary lies: the widest. */
  readonly gap?: Interval | undefined;
}

type SlotQuality = Pick<SlotUsage, 'quality' | 'gap'>;

/** The same of slots that follow one another, as arrays: each from cuts[i] to cuts[i + 1]. As objects, a month of quarter-hours was 0.25 MB of garbage. */
export interface Slots {
  readonly cuts: Float64Array;
  readonly amounts: Float64Array;
  readonly qualities: readonly SlotQuality[];
}

const NO_SLOTS: Slots = { cuts: new Float64Array(0), amounts: new Float64Array(0), qualities: [] };

/** Usage and quality by slot over [from, to), in time order (ledger.md, 5): see `slotsOf`. */
export function slotUsages(
  judged: Judged,
  period: Interval,
  slotMs: number,
  extraCuts: readonly number[] = [],
): readonly SlotUsage[] {
  const { cuts, amounts, qualities } = slotsOf(judged, period, slotMs, extraCuts);
  return qualities.map(({ quality, gap }, i) => ({
    from: cuts[i] ?? 0,
    to: cuts[i + 1] ?? 0,
    amount: amounts[i] ?? 0,
    quality,
    gap,
  }));
}

/**
 * A slot is clipped to the evidence of the mounting; `extraCuts`, ascending, part slots further (local midnights that are no slot boundary), with the quality
 * of the whole slot.
 */
export function slotsOf(
  judged: Judged,
  { from, to }: Interval,
  slotMs: number,
  extraCuts: readonly number[] = [],
): Slots {
  const { evidence, breaks, believedAt } = judged;
  if (!evidence) return NO_SLOTS;
  const open = breaks.filter((b) => !b.explained);
  const [start, end] = [Math.max(from, evidence.firstAt), Math.min(to, evidence.lastAt)];
  if (start >= end) return NO_SLOTS;
  const firstSlot = slotStart(start, slotMs);
  const cuts = new Float64Array(2 + Math.ceil((end - firstSlot) / slotMs) + extraCuts.length);
  const qualities: SlotQuality[] = [];
  cuts[0] = start;
  const cutTo = (at: number, quality: SlotQuality): void => {
    qualities.push(quality);
    cuts[qualities.length] = at;
  };
  let next = 0;
  let begin = Math.max(firstSlot, evidence.firstAt);
  let before = lastAtOrBefore(believedAt, begin);
  let isBeginWide = isWide(believedAt, slotMs, begin, before);
  for (let slot = firstSlot; slot < end; slot += slotMs) {
    const until = Math.min(slot + slotMs, evidence.lastAt);
    let last = before;
    while ((believedAt[last + 1] ?? Infinity) <= until) last++;
    const isEndWide = isWide(believedAt, slotMs, until, last);
    let quality = MEASURED;
    if (open.length > 0 && overlaps(open, begin, until)) quality = DISPUTED;
    else if (isBeginWide || isEndWide)
      quality = interpolated(believedAt, isBeginWide ? before : last, isEndWide ? last : before);
    for (; (extraCuts[next] ?? Infinity) < Math.min(until, end); next++) {
      const cut = extraCuts[next] ?? 0;
      if (cut > (cuts[qualities.length] ?? cut)) cutTo(cut, quality);
    }
    cutTo(Math.min(until, end), quality);
    begin = until;
    before = last;
    isBeginWide = isEndWide;
  }
  const ends = cuts.subarray(0, qualities.length + 1);
  return { cuts: ends, amounts: usagesBetween(judged, ends), qualities };
}

const MEASURED: SlotQuality = { quality: 'measured' };
const DISPUTED: SlotQuality = { quality: 'disputed' };

const overlaps = (breaks: readonly Interval[], from: number, to: number): boolean =>
  breaks.some((b) => from < b.to && to > b.from);

/** `first` and `last`: of the readings at or before its first and last boundary without readings beside it. */
const interpolated = (believed: Float64Array, first: number, last: number): SlotQuality => ({
  quality: 'interpolated',
  gap: { from: believed[first] ?? -Infinity, to: believed[last + 1] ?? Infinity },
});

/** A reading within a slot's length of an instant is missing on one side at least. `before`: of the reading at or before it. */
function isWide(believed: Float64Array, slotMs: number, at: number, before: number): boolean {
  const since = at - (believed[before] ?? -Infinity);
  return since > 0 && (since > slotMs || (believed[before + 1] ?? Infinity) - at > slotMs);
}
