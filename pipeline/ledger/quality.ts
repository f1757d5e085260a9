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

/** An end of a slot among the believed readings. */
interface Boundary {
  readonly at: number;
  /** Of the last reading at or before it; −1: there is none. */
  readonly index: number;
  /** A reading within a slot's length is missing on one side at least. */
  readonly isWide: boolean;
}

/** Asked for instants in time order. */
function boundariesAlong(believed: Float64Array, slotMs: number): (at: number) => Boundary {
  let index: number | undefined;
  return (at) => {
    index ??= lastAtOrBefore(believed, at);
    while ((believed[index + 1] ?? Infinity) <= at) index++;
    const before = believed[index] ?? -Infinity;
    const isWide = before < at && (at - before > slotMs || (believed[index + 1] ?? Infinity) - at > slotMs);
    return { at, index, isWide };
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
  const boundaryAt = boundariesAlong(believedAt, slotMs);
  const cuts = [start];
  const qualities: SlotQuality[] = [];
  const cutTo = (at: number, quality: SlotQuality): void => {
    cuts.push(at);
    qualities.push(quality);
  };
  let next = 0;
  let s = boundaryAt(Math.max(slotStart(start, slotMs), evidence.firstAt));
  for (let slot = slotStart(start, slotMs); slot < end; slot += slotMs) {
    const e = boundaryAt(Math.min(slot + slotMs, evidence.lastAt));
    const quality = slotQuality(open, believedAt, s, e);
    for (; (extraCuts[next] ?? Infinity) < Math.min(e.at, end); next++) {
      const cut = extraCuts[next] ?? 0;
      if (cut > (cuts.at(-1) ?? cut)) cutTo(cut, quality);
    }
    cutTo(Math.min(e.at, end), quality);
    s = e;
  }
  const amounts = usagesBetween(judged, new Float64Array(cuts));
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

function slotQuality(open: readonly Interval[], believed: Float64Array, s: Boundary, e: Boundary): SlotQuality {
  if (open.some((b) => s.at < b.to && e.at > b.from)) return DISPUTED;
  if (!s.isWide && !e.isWide) return MEASURED;
  const wide = [s, e].filter((b) => b.isWide);
  return {
    quality: 'interpolated',
    gap: {
      from: Math.min(...wide.map(({ index }) => believed[index] ?? -Infinity)),
      to: Math.max(...wide.map(({ index }) => believed[index + 1] ?? Infinity)),
    },
  };
}
