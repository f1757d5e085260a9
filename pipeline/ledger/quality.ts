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

/** Around T: believed readings at or before and at or after it. */
interface Neighbours {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** Asked for instants in time order. */
function neighboursAlong(believed: Float64Array): (at: number) => Neighbours {
  let next: number | undefined;
  return (at) => {
    next ??= Math.max(0, lastAtOrBefore(believed, at));
    while ((believed[next] ?? Infinity) <= at) next++;
    const before = believed[next - 1] ?? -Infinity;
    return { at, before, after: before === at ? at : (believed[next] ?? Infinity) };
  };
}

/**
 * Usage and quality by slot over [from, to), in time order (ledger.md, 5). A slot is clipped to the evidence of the mounting; `extraCuts`, ascending, part
 * slots further (local midnights that are no slot boundary), with the quality of the whole slot.
 */
export function slotUsages(
  judged: Judged,
  { from, to }: Interval,
  slotMs: number,
  extraCuts: readonly number[] = [],
): readonly SlotUsage[] {
  const { evidence, breaks, believedAt } = judged;
  if (!evidence) return [];
  const open = breaks.filter((b) => !b.explained);
  const [start, end] = [Math.max(from, evidence.firstAt), Math.min(to, evidence.lastAt)];
  if (start >= end) return [];
  const neighboursAt = neighboursAlong(believedAt);
  const cuts = [start];
  const qualities: SlotQuality[] = [];
  let next = 0;
  let s = neighboursAt(Math.max(slotStart(start, slotMs), evidence.firstAt));
  for (let slot = slotStart(start, slotMs); slot < end; slot += slotMs) {
    const e = neighboursAt(Math.min(slot + slotMs, evidence.lastAt));
    const quality = slotQuality(open, s, e, slotMs);
    const cutTo = (at: number): void => {
      cuts.push(at);
      qualities.push(quality);
    };
    for (; (extraCuts[next] ?? Infinity) < Math.min(e.at, end); next++) {
      const cut = extraCuts[next] ?? 0;
      if (cut > (cuts.at(-1) ?? cut)) cutTo(cut);
    }
    cutTo(Math.min(e.at, end));
    s = e;
  }
  const amounts = usagesBetween(judged, Float64Array.from(cuts));
  return qualities.map(({ quality, gap }, i) => ({
    from: cuts[i] ?? 0,
    to: cuts[i + 1] ?? 0,
    amount: amounts[i] ?? 0,
    quality,
    gap,
  }));
}

const MEASURED = { quality: 'measured' } as const;
const DISPUTED = { quality: 'disputed' } as const;

function slotQuality(open: readonly Interval[], s: Neighbours, e: Neighbours, slotMs: number): SlotQuality {
  if (open.some((b) => s.at < b.to && e.at > b.from)) return DISPUTED;
  const isWide = ({ at, before, after }: Neighbours): boolean => at - before > slotMs || after - at > slotMs;
  const wide = isWide(s) ? (isWide(e) ? [s, e] : [s]) : isWide(e) ? [e] : [];
  if (wide.length === 0) return MEASURED;
  return {
    quality: 'interpolated',
    gap: { from: Math.min(...wide.map((n) => n.before)), to: Math.max(...wide.map((n) => n.after)) },
  };
}
