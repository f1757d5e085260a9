import { dayStart, localDay, type Zone } from '#domain';
import type { Judged } from '../ledger/judge.ts';
import { slotsOf } from '../ledger/quality.ts';

/** A mounting's usage of one local day, by quality; base units. */
export interface DayUsage {
  readonly day: number;
  readonly amount: number;
  readonly measured: number;
  readonly interpolated: number;
  readonly disputed: number;
}

/** Days with evidence from `fromDay` on, ascending. */
export function dayUsages(judged: Judged, fromDay: number, slotMs: number, zone: Zone): readonly DayUsage[] {
  const { evidence } = judged;
  if (!evidence) return [];
  const from = Number.isFinite(fromDay) ? dayStart(fromDay, zone) : -Infinity;
  const days = new Map<
    number,
    { day: number; amount: number; measured: number; interpolated: number; disputed: number }
  >();
  const slots = slotsOf(judged, { from, to: Infinity }, slotMs, oddMidnights(evidence, slotMs, zone));
  slots.qualities.forEach(({ quality }, i) => {
    const day = localDay(slots.cuts[i] ?? 0, zone);
    const amount = slots.amounts[i] ?? 0;
    let row = days.get(day);
    if (!row) days.set(day, (row = { day, amount: 0, measured: 0, interpolated: 0, disputed: 0 }));
    row.amount += amount;
    row[quality] += amount;
  });
  return [...days.values()];
}

/** Local midnights that are no slot boundary. */
export function oddMidnights(
  { firstAt, lastAt }: { readonly firstAt: number; readonly lastAt: number },
  slotMs: number,
  zone: Zone,
): readonly number[] {
  const odd: number[] = [];
  for (let day = localDay(firstAt, zone) + 1; dayStart(day, zone) < lastAt; day++) {
    const midnight = dayStart(day, zone);
    if (midnight % slotMs !== 0) odd.push(midnight);
  }
  return odd;
}
