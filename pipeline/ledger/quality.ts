import { type Interval, slotStart } from '#domain';
import type { Judged } from './judge.ts';
import { lastAtOrBefore, usageOf } from './volume.ts';

export const QUALITIES = ['measured', 'interpolated', 'disputed'] as const;
export type Quality = (typeof QUALITIES)[number];

/** Part of a slot, [from, to), in which a mounting has evidence. */
export interface SlotUsage extends Interval {
  readonly amount: number;
  readonly quality: Quality;
  /** Between which believed readings an interpolated boundary lies: the widest. */
  readonly gap?: Interval | undefined;
}

/** Around T: believed readings at or before and at or after it. */
interface Neighbours {
  readonly before: number;
  readonly after: number;
}

const neighbours = (believed: Float64Array, at: number): Neighbours => {
  const index = lastAtOrBefore(believed, at);
  const before = believed[index] ?? -Infinity;
  return before === at ? { before, after: at } : { before, after: believed[index + 1] ?? Infinity };
};

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
  const result: SlotUsage[] = [];
  let next = 0;
  for (let slot = slotStart(start, slotMs); slot < end; slot += slotMs) {
    const [s, e] = [Math.max(slot, evidence.firstAt), Math.min(slot + slotMs, evidence.lastAt)];
    if (s >= e) continue;
    const { quality, gap } = slotQuality(believedAt, open, s, e, slotMs);
    const cuts = [Math.max(s, start)];
    for (; (extraCuts[next] ?? Infinity) < Math.min(e, end); next++) {
      const cut = extraCuts[next] ?? s;
      if (cut > Math.max(s, start)) cuts.push(cut);
    }
    cuts.push(Math.min(e, end));
    for (let i = 1; i < cuts.length; i++) {
      const [a, b] = [cuts[i - 1] ?? s, cuts[i] ?? e];
      if (a < b) result.push({ from: a, to: b, amount: usageOf(judged, a, b), quality, gap });
    }
  }
  return result;
}

function slotQuality(
  believed: Float64Array,
  open: readonly Interval[],
  s: number,
  e: number,
  slotMs: number,
): { readonly quality: Quality; readonly gap?: Interval | undefined } {
  if (open.some((b) => s < b.to && e > b.from)) return { quality: 'disputed' };
  const gaps = [neighbours(believed, s), neighbours(believed, e)].map((n, i) => ({ n, at: i === 0 ? s : e }));
  const wide = gaps.filter(({ n, at }) => at - n.before > slotMs || n.after - at > slotMs);
  if (wide.length === 0) return { quality: 'measured' };
  return {
    quality: 'interpolated',
    gap: { from: Math.min(...wide.map(({ n }) => n.before)), to: Math.max(...wide.map(({ n }) => n.after)) },
  };
}
